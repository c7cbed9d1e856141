"""What can be wrong when the package is built."""

from typing import ClassVar

from shared.model.errors import PixfleetError


class CannotPackage(PixfleetError):
    """The package cannot be built; the message says what to do."""

    exit_code: ClassVar[int] = 2


class NoWheels(CannotPackage):
    """pip could not fetch what the lock file names."""


class BadPackage(CannotPackage):
    """What was fetched is not what this builder knows how to pack."""
