"""The help pages: every command has an example, and the list knows each command's description."""

import inspect
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from scripts.pixfleet import cli
from scripts.pixfleet.examples import EXAMPLES

pytestmark = pytest.mark.unit

ROOT: Any = get_command(cli.build_app())  # Typer's types are private
RENAMED = {"dlq drop", "dlq receipts", "backfill drop"}


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    for name, each in group.commands.items():
        here = f"{path} {name}".strip()
        if hasattr(each, "commands"):
            yield from commands(each, here)
        elif not each.hidden:
            yield here, each


COMMANDS = dict(commands(ROOT, ""))


def test_the_list_has_the_first_sentence_of_each_description() -> None:
    found = {
        name: " ".join(inspect.cleandoc(each.help).split("\n\n")[0].split())
        for name, each in ROOT.commands.items()
    }

    assert found == {**cli.COMMANDS, **cli.GROUPS}


def test_every_command_has_an_example_and_no_example_lacks_a_command() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_page_ends_with_examples_that_are_valid(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["pixfleet", *path.split(), "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    _, _, end = capsys.readouterr().out.partition("Examples:")
    lines = [line.strip() for line in end.strip().splitlines()]

    assert lines
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])
        assert words[0] == "pixfleet"
        assert " ".join(words[1:]).startswith(path)
        COMMANDS[path].make_context(path, words[1 + len(path.split()) :])


@pytest.mark.parametrize("path", COMMANDS)
def test_a_help_page_fits_a_terminal_of_eighty_columns(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.argv", ["pixfleet", *path.split(), "-h"])

    with pytest.raises(SystemExit):
        cli.main()

    text, _, _ = capsys.readouterr().out.partition("Examples:")
    assert [line for line in text.splitlines() if len(line) > 80] == []
