"""`make check` and `make test`: the steps, how each is run within its time, and what each cost."""
