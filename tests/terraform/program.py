"""Runs Terraform in a copy of the stack, from one plugin and for several folders at once."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.terraform.folders import LEFT_BEHIND, ROOT, STACK, has_tests

NEEDED = (
    "Set TF_PLUGIN_DIR to a folder that contains registry.terraform.io/ (OpenTofu: "
    "registry.opentofu.org/) with the provider hashicorp/aws, or let this machine reach it."
)
# Whatever a person has set for their own stacks.
THEIRS = ("AWS_", "TF_")
LONGEST_SECONDS = 900


class NoProviderError(RuntimeError):
    """Nothing can be planned: the provider is out of reach."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one command ended."""

    is_good: bool
    said: str


GOOD = Outcome(is_good=True, said="")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one folder; a command that could not be tried counts as failed."""

    valid: Outcome
    tested: Outcome


def program() -> str | None:
    """Return the path of Terraform or else OpenTofu."""
    return shutil.which("terraform") or shutil.which("tofu")


def plugin_dir(environment: Mapping[str, str]) -> Path | None:
    """Return TF_PLUGIN_DIR, none if it is not set; `NoProviderError` if it cannot be one."""
    named = environment.get("TF_PLUGIN_DIR")
    if not named:
        return None
    folder = Path(named).resolve()
    if not any(folder.glob("registry.*/hashicorp/aws")):
        raise NoProviderError(
            f"Expected a plugin directory as TF_PLUGIN_DIR, got {named}. {NEEDED}"
        )
    return folder


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform, and a copy of the stack that it may litter."""

    program: str
    copy: Path
    init: tuple[str, ...]

    def call(self, *words: str, folder: Path) -> Outcome:
        """Run one command in the copy of a folder of ours."""
        done = subprocess.run(
            [self.program, *words, "-no-color"],
            cwd=self.copy / folder.relative_to(ROOT),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        return Outcome(done.returncode == 0, f"{' '.join(words)} in {folder}:\n{done.stdout}")

    def judge(self, folder: Path) -> Verdict:
        """Validate one folder and run its tests."""
        got = self._fetch(folder)
        if not got.is_good:
            return Verdict(got, got)
        valid = self.call("validate", folder=folder)
        if not valid.is_good or not has_tests(folder):
            return Verdict(valid, GOOD if valid.is_good else valid)
        return Verdict(valid, self.call("test", folder=folder))

    def _fetch(self, folder: Path) -> Outcome:
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
    """Copy the stack and fetch its provider; `NoProviderError` says what a person can do."""
    shutil.copytree(STACK, room / "terraform", ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    shutil.copy(ROOT / "recipes.yaml", room)
    first = room / ".first"
    first.mkdir()
    shutil.copy(STACK / "versions.tf", first)
    plugins = plugin_dir(os.environ)
    init = ("init", "-input=false", *([f"-plugin-dir={plugins}"] if plugins else ()))
    terraform = Terraform(found, room, init)
    outcome = terraform.call(*init, folder=ROOT / ".first")
    if not outcome.is_good:
        raise NoProviderError(f"{NEEDED}\n{outcome.said}")
    return terraform


def _environment() -> Mapping[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(THEIRS)}
    return {
        **ours,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }
