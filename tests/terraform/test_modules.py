from pathlib import Path

import pytest

from scripts.local.terraform import program
from tests.terraform.folders import STACK, folders, has_tests, title
from tests.terraform.program import FolderCheck, Terraform

# Here and not in a fixture, so that the skip is reported once.
if program() is None:
    pytest.skip(
        "Terraform is not on PATH: install it (1.9 or newer) to test the stack.",
        allow_module_level=True,
    )

# A test waits for its folder's check, which may wait for others.
pytestmark = [pytest.mark.terraform, pytest.mark.timeout(900)]

every_folder = pytest.mark.parametrize("folder", folders(), ids=title)
TESTED = tuple(folder for folder in folders() if has_tests(folder))
every_tested_folder = pytest.mark.parametrize("folder", TESTED, ids=title)


@every_folder
def test_it_is_valid(folder: Path, check: FolderCheck) -> None:
    assert check.valid.is_good, check.valid.output


@every_tested_folder
def test_its_own_tests_pass(folder: Path, check: FolderCheck) -> None:
    assert check.tested.is_good, check.tested.output


def test_everything_is_formatted(terraform: Terraform) -> None:
    outcome = terraform.call("fmt", "-check", "-diff", "-recursive", folder=STACK)

    assert outcome.is_good, outcome.output
