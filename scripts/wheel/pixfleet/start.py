"""Starts the `pixfleet` command from an installed wheel or from a repository.

The repository's packages have general names: `shared` and `scripts`. In a wheel they are in the
folder `code` of this package, so that no other program of the environment can import them; only
this process has that folder on its path.
"""

import sys
from pathlib import Path

CODE = Path(__file__).with_name("code")
# The packages of the extra `cli` that every command imports.
EXTRA = ("typer",)
INSTALL = (
    "pixfleet: the packages of its extra `cli` are missing: "
    "install it as `pipx install 'pixfleet-….whl[cli]'`."
)


def main() -> None:
    """Run the command; exits with a sentence if the packages of its extra are missing."""
    if CODE.is_dir():  # in a repository its root is on the path
        sys.path.insert(0, str(CODE))
    try:
        from scripts.pixfleet.cli import main as run  # noqa: PLC0415 - found on the path above
    except ModuleNotFoundError as missing:
        if missing.name in EXTRA:
            sys.exit(INSTALL)
        raise
    run()
