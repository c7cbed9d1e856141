"""The errors of building a package."""

from typing import ClassVar

from shared.model.errors import PixfleetError


class CannotPackage(PixfleetError):
    """The package cannot be built; the message says what to do."""

    exit_code: ClassVar[int] = 2


class NoWheels(CannotPackage):
    """pip could not download the files of the lock file."""


class BadPackage(CannotPackage):
    """A downloaded file, the compiler or the size of the package is not as expected."""
