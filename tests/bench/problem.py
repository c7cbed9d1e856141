"""The error that stops a benchmark."""

from shared.model.errors import PixfleetError


class CannotBench(PixfleetError):
    """The benchmark cannot run, or would compare different work; the message says what to do."""
