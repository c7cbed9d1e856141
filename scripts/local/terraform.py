"""Runs Terraform or OpenTofu without the caller's AWS and Terraform settings."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.local.instance import LocalAwsProblem

NEEDED = (
    "Set TF_PLUGIN_DIR to a folder that contains registry.terraform.io/ (OpenTofu: "
    "registry.opentofu.org/) with the provider hashicorp/aws, or let this machine reach it."
)
NOT_INSTALLED = (
    "Terraform is not on PATH: install it (1.9 or newer, https://developer.hashicorp.com/terraform"
    "/install) or OpenTofu (https://opentofu.org/docs/intro/install)."
)
# Variables that a person has set for other stacks.
REMOVED_PREFIXES = ("AWS_", "TF_")
ADDED = {"AWS_EC2_METADATA_DISABLED": "true", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
# More than the longest test of a module takes on a busy machine.
TIMEOUT_SECONDS = 900


class NoTerraform(LocalAwsProblem):
    """Neither Terraform nor OpenTofu is on PATH."""


class NoProvider(LocalAwsProblem):
    """The provider cannot be downloaded, and TF_PLUGIN_DIR does not have it."""


@dataclass(frozen=True, slots=True)
class TerraformResult:
    """The exit code of one command, and its output."""

    code: int
    output: str

    @property
    def is_good(self) -> bool:
        """Return whether the exit code is 0."""
        return self.code == 0


def program() -> str | None:
    """Return the path of Terraform, or else of OpenTofu; None if neither is on PATH."""
    return shutil.which("terraform") or shutil.which("tofu")


def required_program() -> str:
    """Return the path of Terraform or else OpenTofu; `NoTerraform` says what to install."""
    found = program()
    if found is None:
        raise NoTerraform(NOT_INSTALLED)
    return found


def plugin_dir(environment: Mapping[str, str]) -> Path | None:
    """Return TF_PLUGIN_DIR, None if it is not set; `NoProvider` if the provider is not in it."""
    named = environment.get("TF_PLUGIN_DIR")
    if not named:
        return None
    folder = Path(named).resolve()
    if not any(folder.glob("registry.*/hashicorp/aws")):
        raise NoProvider(f"Expected a plugin directory as TF_PLUGIN_DIR, got {named}. {NEEDED}")
    return folder


def init_arguments(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the arguments of `init`; `NoProvider` if TF_PLUGIN_DIR does not have the provider."""
    plugins = plugin_dir(environment)
    return ("init", "-input=false", *([f"-plugin-dir={plugins}"] if plugins else ()))


def run(
    found: str,
    *words: str,
    folder: Path,
    environment: Mapping[str, str],
    seconds: float = TIMEOUT_SECONDS,
) -> TerraformResult:
    """Run one command in a folder; `environment` is the result of `terraform_environment`."""
    done = subprocess.run(
        [found, *words, "-no-color"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return TerraformResult(done.returncode, f"{' '.join(words)} in {folder}:\n{done.stdout}")


def terraform_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the caller's AWS_ and TF_ variables."""
    kept = {name: value for name, value in outer.items() if not name.startswith(REMOVED_PREFIXES)}
    return {**kept, **ADDED}
