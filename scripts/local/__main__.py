"""Starts, stops and shows the local AWS from a shell.

`start` leaves it running and prints the variables with which a worker or the `aws` command reaches
it: eval "$(python -m scripts.local start)", then python -m worker.runner. `up` has Terraform make
the whole stack in it, and `down` takes both down again.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.local import ministack
from scripts.local.clients import OF_AWS
from scripts.local.place import (
    BUILD,
    DEFAULT_PORT,
    PORT_VARIABLE,
    LocalAwsProblem,
    Place,
    parse_port,
)
from scripts.local.stack import create_stack
from scripts.local.up import down, refuse_what_cannot_be, up
from scripts.local.what_next import what_next
from scripts.package.build import build as build_package
from scripts.package.problem import CannotPackage
from scripts.package.target import TARGETS
from scripts.pixfleet.stack.recipe_file import RECIPES, recipes_document
from scripts.pixfleet.terminal.text import replace_unencodable_output
from shared.model.errors import Misconfigured

NOT_RUNNING = 3  # what `systemctl status` and init scripts answer


def main(arguments: Sequence[str] | None = None, *, build: Path = BUILD) -> int:
    """Carry out one command and return the exit code."""
    replace_unencodable_output()
    options = _parser().parse_args(arguments)
    try:
        place = Place(parse_port(options.port), build)
        return int(_COMMANDS[options.command](place, Path(options.recipes)))
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
        help=f"where it listens, on loopback (or {PORT_VARIABLE}; default {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--recipes", default=str(RECIPES), help="what is made of each image (start, up)"
    )
    return parser


def _start(place: Place, recipes_path: Path) -> int:
    recipes = recipes_document(recipes_path)
    pid = ministack.start(place).pid
    try:
        stack = create_stack(place.endpoint_url, recipes)
    except BaseException:
        ministack.stop(place, pid)
        raise
    print(f"The local AWS runs at {place.endpoint_url} (process {pid}).", file=sys.stderr)
    exported = stack.worker_environment()
    for name in sorted(os.environ.keys() - exported.keys()):
        # A stale profile of the caller's would end the worker that these lines are for.
        if name.startswith(OF_AWS) and name.isascii() and name.isidentifier():
            print(f"unset {name}")
    for name, value in exported.items():
        print(f"export {name}={value}")
    return 0


def _stop(place: Place, _: Path) -> int:
    pid = ministack.running_pid(place)
    if pid is None:
        print(f"No local AWS was started from here on port {place.port}.", file=sys.stderr)
        return 0
    ministack.stop(place, pid)
    print(f"Stopped the local AWS on port {place.port} (process {pid}).", file=sys.stderr)
    return 0


def _status(place: Place, _: Path) -> int:
    pid = ministack.running_pid(place)
    if pid is None:
        print(f"No local AWS was started from here on port {place.port}.")
        return NOT_RUNNING
    state = "answers" if ministack.is_healthy(place) else "does not answer"
    print(f"The local AWS at {place.endpoint_url} (process {pid}) {state}; log: {place.log}")
    return 0


def _up(place: Place, recipes_path: Path) -> int:
    refuse_what_cannot_be(place)
    recipes_document(recipes_path)  # or Terraform would find out, in other words
    package = build_package(TARGETS["here"], out=place.build)
    names = up(place, package=place.build / package.file, recipes=recipes_path)
    print(what_next(place, names))
    return 0


def _down(place: Place, _: Path) -> int:
    if down(place):
        print(f"The stack and its local AWS on port {place.port} are gone.", file=sys.stderr)
    else:
        print(f"Nothing is up on port {place.port}.", file=sys.stderr)
    return 0


_COMMANDS = {"start": _start, "stop": _stop, "status": _status, "up": _up, "down": _down}

if __name__ == "__main__":
    sys.exit(main())
