"""Finds the stack of `--stack`: by its prefix, in a file, or in a Terraform folder."""

import shutil
import subprocess
from pathlib import Path

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack, parameter_name, read_stack
from shared.model.errors import Misconfigured

DEFAULT_STACK = "pixfleet"
TERRAFORM_SECONDS = 120


def find_stack(name: str, clients: AwsClients) -> Stack:
    """Return the stack; `Misconfigured` with the options to use if it is not found.

    `name` is the prefix of a stack in this account and region, a file with the output of
    `terraform output -json`, or a folder in which Terraform has been applied.
    """
    path = Path(name)
    if path.is_dir():
        return read_stack(_terraform_output(path), where=f"The output of Terraform in {name}")
    if path.is_file():
        return read_stack(path.read_bytes(), where=name)
    if "/" in name or name.endswith(".json"):
        raise Misconfigured(f"No stack in {name}", ["expected a file or folder that exists"])
    return _in_account(name, clients)


def _in_account(prefix: str, clients: AwsClients) -> Stack:
    ssm = clients.ssm
    try:
        response = ssm.get_parameter(Name=parameter_name(prefix))
    except ssm.exceptions.ParameterNotFound:
        region = ssm.meta.region_name
        raise Misconfigured(
            f"No stack named {prefix} in {region}",
            [
                (
                    f"expected the SSM parameter {parameter_name(prefix)}: "
                    "name another stack (--stack), region (--region) or account (--profile)"
                ),
            ],
        ) from None
    return read_stack(response["Parameter"]["Value"], where=f"SSM parameter {prefix}")


def _terraform_output(folder: Path) -> bytes:
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        raise Misconfigured(
            f"The stack in {folder} cannot be read", ["expected terraform or tofu on PATH"]
        )
    done = subprocess.run(
        [program, "output", "-json", "-no-color"],
        cwd=folder,
        capture_output=True,
        timeout=TERRAFORM_SECONDS,
        check=False,
    )
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise Misconfigured(f"The stack in {folder} cannot be read", message.split("\n"))
    return done.stdout
