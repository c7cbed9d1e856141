"""Runs Terraform in a copy of the stack, from one plugin and for several folders at once."""

import os
import shutil
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

GOOD = TerraformResult(code=0, output="")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one folder; a command that could not be tried counts as failed."""

    valid: TerraformResult
    tested: TerraformResult


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform, and a copy of the stack that it may litter."""

    program: str
    copy: Path
    init: tuple[str, ...]

    def call(self, *words: str, folder: Path) -> TerraformResult:
        """Run one command in the copy of a folder of ours."""
        here = self.copy / folder.relative_to(ROOT)
        environment = terraform_environment(os.environ)
        return run(self.program, *words, folder=here, environment=environment)

    def judge(self, folder: Path) -> Verdict:
        """Validate one folder and run its tests."""
        got = self._fetch(folder)
        if not got.is_good:
            return Verdict(got, got)
        valid = self.call("validate", folder=folder)
        if not valid.is_good or not has_tests(folder):
            return Verdict(valid, GOOD if valid.is_good else valid)
        return Verdict(valid, self.call("test", folder=folder))

    def _fetch(self, folder: Path) -> TerraformResult:
        """Do what `init` does, without its reading the provider's 700 MB once more a folder."""
        here = self.copy / folder.relative_to(ROOT)
        first = self.copy / ".first"
        if folder_needs_its_own(here, first):
            return self.call(*self.init, folder=folder)
        shutil.copy(first / ".terraform.lock.hcl", here)
        shutil.copytree(first / ".terraform", here / ".terraform", symlinks=True)
        return self.call("get", folder=folder)


def folder_needs_its_own(here: Path, first: Path) -> bool:
    """Say whether a folder wants other providers than the first did."""
    return (here / "versions.tf").read_bytes() != (first / "versions.tf").read_bytes()


def set_up(found: str, room: Path) -> Terraform:
    """Copy the stack and fetch its provider; `NoProvider` says what a person can do."""
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
