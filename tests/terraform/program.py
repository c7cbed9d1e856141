"""Runs Terraform in a copy of the stack, with one provider process for each folder."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.local.terraform import (
    NEEDED,
    NoProvider,
    TerraformResult,
    init_arguments,
    run,
    terraform_environment,
)
from tests.terraform.folders import LEFT_BEHIND, ROOT, STACK, has_tests
from tests.terraform.provider import running_provider

GOOD = TerraformResult(code=0, output="")
NO_PROCESS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """The results of one folder; a command that could not run counts as failed."""

    valid: TerraformResult
    tested: TerraformResult


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform, and a copy of the stack in which it may create files."""

    program: str
    copy: Path
    init: tuple[str, ...]

    def call(
        self, *words: str, folder: Path, provider: Mapping[str, str] = NO_PROCESS
    ) -> TerraformResult:
        """Run one command in the copy of a folder; `provider` is that of `running_provider`."""
        here = self.copy / folder.relative_to(ROOT)
        environment = {**terraform_environment(os.environ), **provider}
        return run(self.program, *words, folder=here, environment=environment)

    def check(self, folder: Path) -> FolderCheck:
        """Validate one folder and run its tests."""
        got = self.fetch(folder)
        if not got.is_good:
            return FolderCheck(got, got)
        with running_provider(self.copy / folder.relative_to(ROOT)) as provider:
            valid = self.call("validate", folder=folder, provider=provider)
            if not valid.is_good or not has_tests(folder):
                return FolderCheck(valid, GOOD if valid.is_good else valid)
            return FolderCheck(valid, self.call("test", folder=folder, provider=provider))

    def fetch(self, folder: Path) -> TerraformResult:
        """Replace `init`, without reading the provider's 700 MB again for each folder."""
        here = self.copy / folder.relative_to(ROOT)
        first = self.copy / ".first"
        if folder_needs_its_own(here, first):
            return self.call(*self.init, folder=folder)
        shutil.copy(first / ".terraform.lock.hcl", here)
        shutil.copytree(first / ".terraform", here / ".terraform", symlinks=True)
        return self.call("get", folder=folder)


def folder_needs_its_own(here: Path, first: Path) -> bool:
    """Return whether a folder needs other providers than the first one."""
    return (here / "versions.tf").read_bytes() != (first / "versions.tf").read_bytes()


def set_up(found: str, room: Path) -> Terraform:
    """Copy the stack and fetch its provider; raise `NoProvider`, which names the remedy."""
    shutil.copytree(STACK, room / "terraform", ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    shutil.copy(ROOT / "recipes.yaml", room)
    first = room / ".first"
    first.mkdir()
    shutil.copy(STACK / "versions.tf", first)
    init = init_arguments(os.environ)
    terraform = Terraform(found, room, init)
    outcome = terraform.call(*init, folder=ROOT / ".first")
    if not outcome.is_good:
        raise NoProvider(f"{NEEDED}\n{outcome.output}")
    return terraform
