"""Finds the stack of `--stack`: by its prefix, in a file, or in a Terraform folder."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.options.target import is_path
from scripts.pixfleet.stack.access import message_and_code
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack, parameter_name, read_stack
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import Misconfigured

TERRAFORM_SECONDS = 120
# How many stacks a message lists.
SHOWN = 20
ALL = parameter_name("")


@dataclass(frozen=True, slots=True)
class StackName:
    """What `--stack` takes, and where it comes from, such as `context photos`."""

    text: str
    origin: str = ""


def find_stack(
    name: StackName, clients: AwsClients, note: Callable[[str], None] = lambda _: None
) -> Stack:
    """Return the stack; `Misconfigured` with what to type if it is not found.

    A word is the prefix of a stack in this account and region. A path (`./name`, or anything with
    a slash, or a name that ends in `.json`) is a file with the output of `terraform output -json`,
    or a folder in which Terraform has been applied. `note` gets a sentence if the word could be
    taken for a file or folder that exists.
    """
    path = Path(name.text)
    if is_path(name.text):
        return _at(path, name)
    stack = _in_account(name, clients)
    if path.exists():
        kind = "folder" if path.is_dir() else "file"
        note(
            f"This is the stack {stack.prefix} of {stack.region}. "
            f"The {kind} of this name would be --stack ./{name.text}"
        )
    return stack


def stacks_in_account(clients: AwsClients) -> list[str]:
    """Return the prefixes of all stacks in this account and region, sorted."""
    pages = clients.ssm.get_paginator("get_parameters_by_path").paginate(Path=ALL)
    names = (each["Name"] for page in pages for each in page["Parameters"])
    return sorted(each.removeprefix(ALL) for each in names)


def _at(path: Path, name: StackName) -> Stack:
    if path.is_dir():
        return read_stack(_terraform_output(path), where=f"The output of Terraform in {path}")
    if path.is_file():
        return read_stack(path.read_bytes(), where=str(path))
    raise Misconfigured(
        f"No stack in {quoted(name.text)}{_from(name)}",
        ["expected a file or folder that exists: a path was taken, and no prefix"],
    )


def _in_account(name: StackName, clients: AwsClients) -> Stack:
    ssm, prefix = clients.ssm, name.text
    try:
        response = ssm.get_parameter(Name=parameter_name(prefix))
    except ssm.exceptions.ParameterNotFound:
        raise Misconfigured(
            f"No stack named {quoted(prefix)} in {ssm.meta.region_name}{_from(name)}",
            list(_what_to_type(prefix, clients)),
        ) from None
    return read_stack(response["Parameter"]["Value"], where=f"SSM parameter {prefix}")


def _from(name: StackName) -> str:
    return f" ({name.origin})" if name.origin else ""


def _what_to_type(prefix: str, clients: AwsClients) -> Iterator[str]:
    try:
        known = stacks_in_account(clients)
    except (ClientError, BotoCoreError) as refused:
        yield f"which stacks there are could not be read: {message_and_code(refused)[0]}"
        known = []
    else:
        yield _listed(known)
    if near := get_close_matches(prefix, known, n=1):
        yield f"did you mean --stack {near[0]}?"
    if Path(prefix).exists():
        yield f"a word is a prefix: for the file or folder of this name, type --stack ./{prefix}"
    yield (
        f"expected the SSM parameter {parameter_name(prefix)}: "
        "name another stack (--stack), region (--region) or account (--profile)"
    )


def _listed(known: list[str]) -> str:
    if not known:
        return "this account has no stack in this region"
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"there are {', '.join(map(quoted, known[:SHOWN]))}{more}"


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
