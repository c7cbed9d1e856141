"""The stacks in docs/deploy.md, validated by Terraform itself."""

import re
import shutil

import pytest

from scripts.local.terraform import program
from tests.terraform.folders import ROOT
from tests.terraform.program import Terraform
from tests.terraform.provider import running_provider

if program() is None:
    pytest.skip("Terraform is not on PATH: install it (1.9 or newer).", allow_module_level=True)

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]

FENCE = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r'^module "pixfleet" \{\n(.*?)^\}\n', re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r"^  (\w+) += ")


def test_every_stack_of_the_page_is_valid(terraform: Terraform) -> None:
    shown = FENCE.findall((ROOT / "docs" / "deploy.md").read_text())
    (whole,) = (text for text in shown if CALL.search(text))
    fragments = [text for text in shown if ARGUMENT.match(text)]
    folder = ROOT / "deploy-page"
    here = terraform.copy / folder.name
    here.mkdir()
    (here / "pixfleet").symlink_to(terraform.copy)
    for name in ("recipes.yaml", "recipes-before.yaml"):
        shutil.copy(ROOT / "recipes.yaml", here / name)
    calls = (called(whole, text, f"with_{number}") for number, text in enumerate(fragments))
    (here / "main.tf").write_text("\n".join((whole, *calls)))

    got = terraform.call(*terraform.init, folder=folder)
    assert got.is_good, got.output
    with running_provider(here) as provider:
        valid = terraform.call("validate", folder=folder, provider=provider)

    assert len(fragments) >= 9
    assert valid.is_good, valid.output


def called(whole: str, fragment: str, name: str) -> str:
    """Return the whole file's call, with the arguments of a fragment in place of its own."""
    found = CALL.search(whole)
    assert found, "no call"
    new = {_name(line) for line in fragment.splitlines()} - {""}
    kept = [line for line in found.group(1).splitlines() if _name(line) not in new]
    return "\n".join((f'module "{name}" {{', *kept, fragment, "}"))


def _name(line: str) -> str:
    found = ARGUMENT.match(line)
    return found.group(1) if found else ""
