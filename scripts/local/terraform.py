"""Runs Terraform or OpenTofu, with nothing of the caller's own stacks about it."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.local.place import LocalAwsProblem

NEEDED = (
    "Set TF_PLUGIN_DIR to a folder that contains registry.terraform.io/ (OpenTofu: "
    "registry.opentofu.org/) with the provider hashicorp/aws, or let this machine reach it."
)
NOT_INSTALLED = (
    "Terraform is not on PATH: install it (1.9 or newer, https://developer.hashicorp.com/terraform"
    "/install) or OpenTofu (https://opentofu.org/docs/intro/install)."
)
# Whatever a person has set for their own stacks.
THEIRS = ("AWS_", "TF_")
OURS = {"AWS_EC2_METADATA_DISABLED": "true", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
# The longest test of a module on a busy machine.
LONGEST_SECONDS = 900


class NoTerraform(LocalAwsProblem):
    """Neither Terraform nor OpenTofu is on PATH."""


class NoProvider(LocalAwsProblem):
    """Nothing can be planned: the provider is out of reach."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one command ended, and all that it said."""

    code: int
    said: str

    @property
    def is_good(self) -> bool:
        """Say whether it ended with 0."""
        return self.code == 0


def program() -> str | None:
    """Return the path of Terraform or else OpenTofu."""
    return shutil.which("terraform") or shutil.which("tofu")


def required_program() -> str:
    """Return the path of Terraform or else OpenTofu; `NoTerraform` says what to install."""
    found = program()
    if found is None:
        raise NoTerraform(NOT_INSTALLED)
    return found


def plugin_dir(environment: Mapping[str, str]) -> Path | None:
    """Return TF_PLUGIN_DIR, none if it is not set; `NoProvider` if it cannot be one."""
    named = environment.get("TF_PLUGIN_DIR")
    if not named:
        return None
    folder = Path(named).resolve()
    if not any(folder.glob("registry.*/hashicorp/aws")):
        raise NoProvider(f"Expected a plugin directory as TF_PLUGIN_DIR, got {named}. {NEEDED}")
    return folder


def init_words(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that fetches the provider; `NoProvider` if TF_PLUGIN_DIR has none."""
    plugins = plugin_dir(environment)
    return ("init", "-input=false", *([f"-plugin-dir={plugins}"] if plugins else ()))


def run(
    found: str,
    *words: str,
    folder: Path,
    environment: Mapping[str, str],
    seconds: float = LONGEST_SECONDS,
) -> Outcome:
    """Run one command in a folder, in the environment that `environment_of` makes."""
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
    return Outcome(done.returncode, f"{' '.join(words)} in {folder}:\n{done.stdout}")


def environment_of(outer: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Terraform knows of no account, and of no settings."""
    kept = {name: value for name, value in outer.items() if not name.startswith(THEIRS)}
    return {**kept, **OURS}
