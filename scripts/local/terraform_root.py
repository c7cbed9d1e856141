"""The folder from which Terraform applies the whole stack to the local AWS.

It holds a copy of terraform/, because a wrapper cannot change what stands in a child module, and
the local AWS lacks a few things: Terraform merges the `*_override.tf` files that stand in laptop/,
beside this file, over the copy, and each says what is wrong there. All else is the same code.
"""

import json
import os
import platform
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from scripts.local.clients import ANY_KEY, NO_FILES, REGION
from scripts.local.place import CannotWrite, LocalAwsProblem, Place
from scripts.local.terraform import (
    NEEDED,
    NoProvider,
    Outcome,
    environment_of,
    init_words,
    plugin_dir,
    required_program,
    run,
)

ROOT = Path(__file__).resolve().parents[2]
STACK = ROOT / "terraform"
OVER_IT = Path(__file__).with_name("laptop")
# What Terraform leaves behind, or a person who applied the stack; and what only tests need.
NOT_COPIED = ("*.tfplan", "*.tfstate*", "*.tfvars", ".terraform*", "examples", "tests")
STATE = "terraform.tfstate"
# As Lambda calls what Python calls otherwise.
ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
LINES_SHOWN = 30


class TerraformFailed(LocalAwsProblem):
    """A command of Terraform's failed; the message ends with what it said."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Names:
    """What a person needs to know of the stack, as the root's outputs have it."""

    dead_letter_queue: str
    domain_name: str
    function_alias: str
    sources_bucket: str
    variants_bucket: str

    @classmethod
    def of(cls, outputs: str) -> Self:
        """Read what `terraform output -json` printed."""
        said = json.loads(outputs)
        return cls(**{each.name: str(said[each.name]["value"]) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class TerraformRoot:
    """The folder of one local AWS; Terraform's state is in there too."""

    place: Place

    @property
    def folder(self) -> Path:
        """Return the folder, which need not exist."""
        return self.place.build / f"up-{self.place.port}"

    @property
    def log(self) -> Path:
        """Return what the last command said."""
        return self.folder / "terraform.log"

    def has_state(self) -> bool:
        """Say whether anything was applied from here and not destroyed."""
        return (self.folder / STATE).exists()

    def write(self, *, package: Path, recipes: Path) -> None:
        """Copy the stack as it is now, with its variables; the state stays."""
        try:
            shutil.rmtree(self.folder / "stack", ignore_errors=True)
            shutil.copytree(
                STACK, self.folder / "stack", ignore=shutil.ignore_patterns(*NOT_COPIED)
            )
            shutil.copytree(OVER_IT, self.folder, dirs_exist_ok=True)
            variables = {
                "architecture": architecture(platform.machine()),
                "package_path": str(package.resolve()),
                "recipes_path": str(recipes.resolve()),
            }
            (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables, indent=2))
        except OSError as refused:
            raise CannotWrite(f"{self.folder} cannot be written: {refused}") from refused

    def forget(self) -> None:
        """Remove it all: what it tells of is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def init(self) -> None:
        """Fetch the provider; `NoProvider` if it is out of reach."""
        outcome = self._run(*init_words(os.environ))
        if not outcome.is_good:
            raise NoProvider(f"{NEEDED}\nterraform {last_words(outcome.said)}")

    def apply(self) -> Names:
        """Apply the stack and return its names."""
        self._must("apply", "-auto-approve", "-input=false")
        return self.names()

    def names(self) -> Names:
        """Return the names of what was applied."""
        said = self._must("output", "-json")
        return Names.of(said[said.index("{") :])

    def destroy(self) -> None:
        """Take down what the state tells of."""
        # Nobody else changes anything here, so it need not be read again.
        self._must("destroy", "-auto-approve", "-input=false", "-refresh=false")

    def plan(self) -> Outcome:
        """Plan once more: code 0 if nothing is to do, 2 if there is."""
        return self._run("plan", "-detailed-exitcode", "-input=false")

    def _must(self, *words: str) -> str:
        outcome = self._run(*words)
        if not outcome.is_good:
            raise TerraformFailed(
                f"terraform {last_words(outcome.said)}\nAll that it said is in {self.log}"
            )
        return outcome.said

    def _run(self, *words: str) -> Outcome:
        environment = {**environment_of(os.environ), **self._aws(), **self._provider_cache()}
        outcome = run(required_program(), *words, folder=self.folder, environment=environment)
        self.log.write_text(outcome.said)
        return outcome

    def _aws(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ANY_KEY,
            "AWS_SECRET_ACCESS_KEY": ANY_KEY,
            "AWS_ENDPOINT_URL": self.place.endpoint_url,
            "AWS_REGION": REGION,
            **NO_FILES,
        }

    def _provider_cache(self) -> dict[str, str]:
        """Let 700 MB be fetched once for all local stacks; a plugin directory needs no cache."""
        if plugin_dir(os.environ):
            return {}
        cache = self.place.build / "providers"
        cache.mkdir(parents=True, exist_ok=True)
        return {
            "TF_PLUGIN_CACHE_DIR": str(cache),
            "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
        }


def architecture(machine: str) -> str:
    """Return Lambda's name for what `platform.machine()` says."""
    return ARCHITECTURES.get(machine.lower(), machine.lower())


def last_words(said: str) -> str:
    """Return the command and its errors, without what went well before them."""
    first, *lines = said.splitlines()
    at = next((i for i, line in enumerate(lines) if "Error:" in line), 0)
    return "\n".join((first, *lines[at:][:LINES_SHOWN]))
