"""The exit codes of `pixfleet`; docs/cli.md lists them."""

FAILED = 1
BAD_INPUT = 2
FOUND_SOMETHING = 3
GONE = 4
TIMED_OUT = 5
INTERRUPTED = 130
