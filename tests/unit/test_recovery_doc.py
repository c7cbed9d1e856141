"""The commands of docs/recovery.md exist, with the options that are shown."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts.pixfleet.cli import build_app

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "recovery.md").read_text(encoding="utf-8")
SHOWN = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("pixfleet ")
]


def test_the_page_shows_the_commands_of_every_disaster() -> None:
    assert {line.split()[1] for line in SHOWN} == {"backfill", "status", "verify"}
    assert any("--rebuild-ledger" in line for line in SHOWN)


@pytest.mark.parametrize("line", sorted(set(SHOWN)))
def test_a_shown_command_is_understood(line: str) -> None:
    _, *words = shlex.split(line)
    command: Any = typer.main.get_command(build_app())  # Typer has a Click of its own
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]

    context = command.make_context("pixfleet", words)

    assert context.params


def test_every_disaster_of_the_table_has_its_section() -> None:
    linked = re.findall(r"^\| \[[^]]+\]\(#([\w-]+)\)", PAGE, re.MULTILINE)
    sections = [
        re.sub(r"[^\w -]", "", each).lower().replace(" ", "-")
        for each in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    ]

    assert linked == sections
