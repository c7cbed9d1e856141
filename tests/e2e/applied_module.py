"""One module of the stack, applied to MiniStack by real Terraform from a copy of its folder."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scripts.local.terraform import NoProvider, init_arguments, program, run, terraform_environment
from tests.terraform.folders import LEFT_BEHIND
from tests.terraform.program import NO_PROCESS
from tests.terraform.provider import running_provider

# The provider alone starts in seconds, and there is a busy machine.
LONGEST_SECONDS = 300
LOCAL = """
provider "aws" {{
  region                      = "us-east-1"
  access_key                  = "local"
  secret_key                  = "local"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {{
{endpoints}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class AppliedModule:
    """A copy of a module's folder, in which Terraform keeps its state.

    `provider` is that of `running_provider`; with none, each command starts its own.
    """

    terraform: str
    folder: Path
    provider: Mapping[str, str]

    def apply(self, **variables: object) -> None:
        """Apply the module with these variables, which `destroy` will use as well."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables))
        self._run("apply", "-auto-approve", "-input=false")

    def has_resources(self) -> bool:
        """Return whether something is left to destroy."""
        state = self.folder / "terraform.tfstate"
        return state.exists() and bool(json.loads(state.read_text())["resources"])

    def destroy(self) -> None:
        """Take down what is left."""
        self._run("destroy", "-auto-approve", "-input=false")

    def init(self) -> None:
        """Fetch the provider, from TF_PLUGIN_DIR if that is set."""
        self._run(*init_arguments(os.environ))

    def _run(self, *words: str) -> None:
        done = run(
            self.terraform,
            *words,
            folder=self.folder,
            environment={**terraform_environment(os.environ), **self.provider},
            seconds=LONGEST_SECONDS,
        )
        assert done.is_good, f"terraform {done.output}"


@contextmanager
def copied_module(
    module: Path, room: Path, *, endpoints: Mapping[str, str], override: str = ""
) -> Iterator[AppliedModule]:
    """Give a module that can be applied, and destroy what it made.

    `override` is merged over the module's own blocks: what the local AWS does not have.
    """
    found = program()
    if not found:
        if os.environ.get("CI"):
            pytest.fail("Terraform is not on PATH, and CI may not skip it.", pytrace=False)
        pytest.skip("Terraform is not on PATH: install it (1.9 or newer) to apply the stack.")
    folder = room / module.name
    shutil.copytree(module, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND, "tests"))
    lines = "\n".join(f'    {service} = "{url}"' for service, url in endpoints.items())
    (folder / "provider.tf").write_text(LOCAL.format(endpoints=lines))
    (folder / "override.tf").write_text(override)
    copied = AppliedModule(found, folder, NO_PROCESS)
    try:
        copied.init()
    except (AssertionError, NoProvider) as trouble:
        if os.environ.get("CI") or os.environ.get("TF_PLUGIN_DIR"):
            raise
        pytest.skip(f"No provider for Terraform: {str(trouble).splitlines()[0]}")
    with running_provider(folder) as provider:
        copied = replace(copied, provider=provider)
        try:
            yield copied
        finally:
            if copied.has_resources():
                copied.destroy()
