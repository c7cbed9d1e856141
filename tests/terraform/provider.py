"""Runs the AWS provider as one process for many commands of Terraform.

Terraform starts the provider several times for each command and each `run` of a test, and that is
half of their CPU time. A provider that runs with `-debug` serves any number of commands, one after
the other: https://developer.hashicorp.com/terraform/plugin/debugging
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.local.terraform import terraform_environment

VARIABLE = "TF_REATTACH_PROVIDERS"
# In `.terraform/providers`: host, namespace, name, version, platform.
PROGRAMS = "*/hashicorp/aws/*/*/terraform-provider-aws*"
HOST_PARENT = 4


class ProviderDidNotStart(Exception):
    """The provider ended before it printed how to reach it."""


@contextmanager
def running_provider(initialised: Path) -> Iterator[Mapping[str, str]]:
    """Start the provider of an initialised folder; yield the variable by which Terraform finds it.

    It has one configuration at a time, so commands that run at once must not share it. Raises
    `ProviderDidNotStart`.
    """
    providers = initialised / ".terraform" / "providers"
    program = next(iter(sorted(providers.glob(PROGRAMS))))
    address = f"{program.parents[HOST_PARENT].name}/hashicorp/aws"
    with subprocess.Popen(
        [program, "-debug"],
        env=terraform_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield {VARIABLE: json.dumps({address: _address(process)})}
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> object:
    """Return how Terraform reaches the provider, which prints it for a shell."""
    assert process.stdout
    for line in process.stdout:
        name, _, value = line.strip().partition("=")
        if name == VARIABLE:
            (address,) = json.loads(value.strip("'")).values()
            return address
    raise ProviderDidNotStart(f"Expected a line {VARIABLE}=…, got the end of the output.")
