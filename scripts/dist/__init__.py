"""Makes what a release consists of, in `dist/`: `make dist`.

`build` makes the parts of one target: the command and the functions. `pack` makes the files of the release from parts, and
compiles nothing. What `pack` makes of the same commit and the same parts has the same bytes.
"""
