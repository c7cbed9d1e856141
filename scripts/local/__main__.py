"""Starts and stops the local AWS from a shell, and prints its status.

`start` leaves it running and prints the environment variables that a worker or the `aws` command
needs: eval "$(python -m scripts.local start)", then python -m worker.runner. `up` applies the
whole stack to it with Terraform; `down` destroys the stack and stops the local AWS.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.local import ministack
from scripts.local.clients import AWS_PREFIXES
from scripts.local.instance import (
    BUILD,
    DEFAULT_PORT,
    PORT_VARIABLE,
    Instance,
    LocalAwsProblem,
    parse_port,
)
from scripts.local.next_steps import next_steps
from scripts.local.stack import create_stack
from scripts.local.up import check_prerequisites, down, up
from scripts.package.build import build as build_package
from scripts.package.problem import CannotPackage
from scripts.package.target import TARGETS
from scripts.pixfleet.stack.recipe_file import RECIPES, recipes_document
from scripts.pixfleet.terminal.text import replace_unencodable_output
from shared.model.errors import Misconfigured

NOT_RUNNING = 3  # as `systemctl status` and init scripts


def main(arguments: Sequence[str] | None = None, *, build: Path = BUILD) -> int:
    """Run one command and return the exit code."""
    replace_unencodable_output()
    options = _parser().parse_args(arguments)
    try:
        instance = Instance(parse_port(options.port), build)
        return int(_COMMANDS[options.command](instance, Path(options.recipes)))
    except (LocalAwsProblem, CannotPackage) as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except Misconfigured as problems:
        print(problems, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.local", description=__doc__)
    parser.add_argument("command", choices=tuple(_COMMANDS))
    parser.add_argument(
        "--port",
        default=os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT),
        help=f"the port on loopback (or {PORT_VARIABLE}; default {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--recipes", default=str(RECIPES), help="the recipes, a YAML file (start, up)"
    )
    return parser


def _start(instance: Instance, recipes_path: Path) -> int:
    recipes = recipes_document(recipes_path)
    pid = ministack.start(instance).pid
    try:
        stack = create_stack(instance.endpoint_url, recipes)
    except BaseException:
        ministack.stop(instance, pid)
        raise
    print(f"The local AWS runs at {instance.endpoint_url} (process {pid}).", file=sys.stderr)
    exported = stack.worker_environment()
    for name in sorted(os.environ.keys() - exported.keys()):
        # A variable such as AWS_PROFILE would make the worker look for a profile that is not here.
        if name.startswith(AWS_PREFIXES) and name.isascii() and name.isidentifier():
            print(f"unset {name}")
    for name, value in exported.items():
        print(f"export {name}={value}")
    return 0


def _stop(instance: Instance, _: Path) -> int:
    pid = ministack.running_pid(instance)
    if pid is None:
        print(f"No local AWS was started from here on port {instance.port}.", file=sys.stderr)
        return 0
    ministack.stop(instance, pid)
    print(f"Stopped the local AWS on port {instance.port} (process {pid}).", file=sys.stderr)
    return 0


def _status(instance: Instance, _: Path) -> int:
    pid = ministack.running_pid(instance)
    if pid is None:
        print(f"No local AWS was started from here on port {instance.port}.")
        return NOT_RUNNING
    state = "answers" if ministack.is_healthy(instance) else "does not answer"
    print(f"The local AWS at {instance.endpoint_url} (process {pid}) {state}; log: {instance.log}")
    return 0


def _up(instance: Instance, recipes_path: Path) -> int:
    check_prerequisites(instance)
    recipes_document(recipes_path)  # Terraform's error message would be harder to read
    package = build_package(TARGETS["here"], out=instance.build)
    names = up(instance, package=instance.build / package.file, recipes=recipes_path)
    print(next_steps(instance, names))
    return 0


def _down(instance: Instance, _: Path) -> int:
    if down(instance):
        print(f"The stack and its local AWS on port {instance.port} are gone.", file=sys.stderr)
    else:
        print(f"Nothing is up on port {instance.port}.", file=sys.stderr)
    return 0


_COMMANDS = {"start": _start, "stop": _stop, "status": _status, "up": _up, "down": _down}

if __name__ == "__main__":
    sys.exit(main())
