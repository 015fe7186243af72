"""AWS Step Functions on one machine: moto's interpreter, with corrections and additions.

moto 5.2.5 has the most faithful interpreter that runs offline. It is not made to be extended, so these modules replace
parts of it in its own process. That is why its version is fixed exactly. Every replacement says what AWS does.

- `expressions`: JSONata, evaluated in Python, as strict as AWS
- `variables`: when assigned variables become visible, and how large they may be
- `tasks`: task tokens, timeouts, AWS SDK integrations
- `executions`: stopping, timing out, and the event when an execution ends
- `api`: corrections of the service's requests and responses
- `server`: applies these modules and serves
"""
