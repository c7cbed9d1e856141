"""Finds the stack that `--stack` names: by prefix, by a file, or in a folder of Terraform's."""

import shutil
import subprocess
from pathlib import Path

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.document import Stack, parameter_name, read_stack
from shared.model.errors import Misconfigured

DEFAULT_STACK = "pixfleet"
OUTPUT_SECONDS = 120


def find_stack(name: str, clients: AwsClients) -> Stack:
    """Return the stack of that name; `Misconfigured` with what to type if there is none.

    A name is the prefix of a stack in this account and region. A path is a file of
    `terraform output -json`, or a folder in which Terraform has been applied.
    """
    place = Path(name)
    if place.is_dir():
        return read_stack(_terraform_output(place), where=f"The output of Terraform in {name}")
    if place.is_file():
        return read_stack(place.read_bytes(), where=name)
    if "/" in name or name.endswith(".json"):
        raise Misconfigured(f"No stack in {name}", ["expected a file or folder that exists"])
    return _in_account(name, clients)


def _in_account(prefix: str, clients: AwsClients) -> Stack:
    ssm = clients.ssm
    try:
        answer = ssm.get_parameter(Name=parameter_name(prefix))
    except ssm.exceptions.ParameterNotFound:
        where = ssm.meta.region_name
        raise Misconfigured(
            f"No stack named {prefix} in {where}",
            [
                (
                    f"expected the SSM parameter {parameter_name(prefix)}: "
                    "name another stack (--stack), region (--region) or account (--profile)"
                ),
            ],
        ) from None
    return read_stack(answer["Parameter"]["Value"], where=f"SSM parameter {prefix}")


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
        timeout=OUTPUT_SECONDS,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise Misconfigured(f"The stack in {folder} cannot be read", [words])
    return done.stdout
