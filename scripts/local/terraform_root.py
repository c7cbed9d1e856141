"""The folder from which Terraform applies the whole stack to the local AWS.

It contains a copy of terraform/, because the local AWS lacks some features and a root module
cannot change its child modules. Terraform merges the `*_override.tf` files of laptop/, beside this
file, into the copy; each says which feature is missing. The rest of the code is unchanged.
"""

import json
import os
import platform
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from scripts.local.clients import DUMMY_KEY, NO_AWS_FILES, REGION
from scripts.local.instance import CannotWrite, Instance, LocalAwsProblem
from scripts.local.terraform import (
    NEEDED,
    NoProvider,
    TerraformResult,
    init_arguments,
    plugin_dir,
    required_program,
    run,
    terraform_environment,
)

ROOT = Path(__file__).resolve().parents[2]
STACK = ROOT / "terraform"
LAPTOP = Path(__file__).with_name("laptop")
# Files of earlier Terraform runs, and what only tests need.
NOT_COPIED = ("*.tfplan", "*.tfstate*", "*.tfvars", ".terraform*", "examples", "tests")
STATE = "terraform.tfstate"
# Lambda's names of processors, by `platform.machine()` in lower case.
ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
LINES_SHOWN = 30


class TerraformFailed(LocalAwsProblem):
    """A Terraform command failed; the message ends with its output."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class StackNames:
    """The names in the stack that a person needs: the outputs of laptop/outputs.tf."""

    api_client: str
    api_url: str
    dead_letter_queue: str
    domain_name: str
    edge_url: str
    function_alias: str
    sources_bucket: str
    variants_bucket: str

    @classmethod
    def of(cls, outputs: str) -> Self:
        """Read the output of `terraform output -json`."""
        document = json.loads(outputs)
        return cls(**{each.name: str(document[each.name]["value"]) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class TerraformRoot:
    """The Terraform root module of one local AWS, with its state."""

    instance: Instance

    @property
    def folder(self) -> Path:
        """Return the folder, which may not exist yet."""
        return self.instance.build / f"up-{self.instance.port}"

    @property
    def log(self) -> Path:
        """Return the path of the last command's output."""
        return self.folder / "terraform.log"

    def has_state(self) -> bool:
        """Return whether a stack was applied from here and not destroyed."""
        return (self.folder / STATE).exists()

    def write(self, *, package: Path, recipes: Path, edge_url: str) -> None:
        """Write the current copy of the stack and its variables, and keep the state."""
        try:
            shutil.rmtree(self.folder / "stack", ignore_errors=True)
            shutil.copytree(
                STACK, self.folder / "stack", ignore=shutil.ignore_patterns(*NOT_COPIED)
            )
            shutil.copytree(LAPTOP, self.folder, dirs_exist_ok=True)
            variables = {
                "architecture": architecture(platform.machine()),
                "edge_url": edge_url,
                "package_path": str(package.resolve()),
                "recipes_path": str(recipes.resolve()),
            }
            (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables, indent=2))
        except OSError as refused:
            raise CannotWrite(f"{self.folder} cannot be written: {refused}") from refused

    def remove(self) -> None:
        """Remove the folder and the state."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def init(self) -> None:
        """Download the provider; `NoProvider` if that fails."""
        result = self._run(*init_arguments(os.environ))
        if not result.is_good:
            raise NoProvider(f"{NEEDED}\nterraform {error_lines(result.output)}")

    def apply(self) -> StackNames:
        """Apply the stack and return its names."""
        self._must("apply", "-auto-approve", "-input=false")
        return self.names()

    def names(self) -> StackNames:
        """Return the names in the applied stack."""
        output = self._must("output", "-json")
        return StackNames.of(output[output.index("{") :])

    def destroy(self) -> None:
        """Destroy everything in the state."""
        # Nothing else changes the local AWS, so a refresh is not needed.
        self._must("destroy", "-auto-approve", "-input=false", "-refresh=false")

    def plan(self) -> TerraformResult:
        """Plan again and return the result: exit code 0 without changes, 2 with changes."""
        return self._run("plan", "-detailed-exitcode", "-input=false")

    def _must(self, *words: str) -> str:
        result = self._run(*words)
        if not result.is_good:
            raise TerraformFailed(
                f"terraform {error_lines(result.output)}\nThe whole output is in {self.log}"
            )
        return result.output

    def _run(self, *words: str) -> TerraformResult:
        environment = {
            **terraform_environment(os.environ),
            **self._aws(),
            **self._provider_cache(),
        }
        result = run(required_program(), *words, folder=self.folder, environment=environment)
        self.log.write_text(result.output)
        return result

    def _aws(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": DUMMY_KEY,
            "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
            "AWS_ENDPOINT_URL": self.instance.endpoint_url,
            "AWS_REGION": REGION,
            **NO_AWS_FILES,
        }

    def _provider_cache(self) -> dict[str, str]:
        """Cache the provider, 700 MB, for all local stacks, unless there is a plugin directory."""
        if plugin_dir(os.environ):
            return {}
        cache = self.instance.build / "providers"
        cache.mkdir(parents=True, exist_ok=True)
        return {
            "TF_PLUGIN_CACHE_DIR": str(cache),
            "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
        }


def architecture(machine: str) -> str:
    """Return Lambda's name of a `platform.machine()`."""
    return ARCHITECTURES.get(machine.lower(), machine.lower())


def error_lines(output: str) -> str:
    """Return the first line, which names the command, and the lines from its first error on."""
    first, *lines = output.splitlines()
    at = next((i for i, line in enumerate(lines) if "Error:" in line), 0)
    return "\n".join((first, *lines[at:][:LINES_SHOWN]))
