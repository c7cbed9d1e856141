"""What stops a benchmark: it says in one sentence what to do."""

from shared.model.errors import PixfleetError


class CannotBench(PixfleetError):
    """The benchmark cannot run, or would compare what is not the same."""
