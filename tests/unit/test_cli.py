import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pixfleet import cli
from scripts.pixfleet.stack.recipe_file import RECIPES

pytestmark = pytest.mark.unit

THREE_MISTAKES = """
version: 1
recipes:
  - name: Big
    variants:
      - widths: [320, many]
        formats: [heic]
"""


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["pixfleet", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_check_lists_what_each_recipe_makes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(monkeypatch, "recipes", "check", RECIPES)

    out = capsys.readouterr().out
    assert code == 0
    assert "responsive: every other key" in out
    assert "cover 300 × 300, focal" in out  # noqa: RUF001 - multiplication sign
    assert "keys that begin with transcode/" in out


def test_characters_outside_the_terminals_encoding_are_replaced() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.pixfleet.cli", "recipes", "check", RECIPES],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 0
    assert b"cover 300 ? 300, focal" in ended.stdout


def test_every_mistake_is_listed_with_its_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(THREE_MISTAKES)

    code = run(monkeypatch, "recipes", "check", file)

    err = capsys.readouterr().err
    assert code == 2
    assert "recipes[0].name: expected" in err
    assert "recipes[0].variants[0].widths[1]: expected" in err
    assert "recipes[0].variants[0].formats[0]: expected" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a: [1", id="an open bracket"),
        pytest.param(b"", id="an empty file"),
        pytest.param(b"- 1\n- 2\n", id="a list"),
        pytest.param(b"\x89PNG\xff", id="not text"),
        pytest.param(b"version: 2024-13-45\n", id="an impossible date"),
        pytest.param(b"[" * 500, id="nested too deeply"),
        pytest.param(b"? [a]\n: b\n", id="a list as a key"),
    ],
)
def test_a_file_without_recipes_is_refused_in_one_message(
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_bytes(content)

    code = run(monkeypatch, "recipes", "check", file)

    err = capsys.readouterr().err
    assert code == 2
    assert err.startswith(f"{file} cannot be used:\n  - ")


def test_a_missing_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = run(monkeypatch, "recipes", "check", tmp_path / "none.yaml")

    assert code == 2
    assert "No such file" in capsys.readouterr().err


KEY = "été/日本 (1)/a'b\"c $x 🐈.jpg"


@pytest.mark.parametrize(
    "locale",
    [
        pytest.param({"LC_ALL": "C"}, id="C"),
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0"}, id="C without the UTF-8 mode"),
        pytest.param({"LC_ALL": "C.UTF-8"}, id="UTF-8"),
        pytest.param({"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, id="ASCII output"),
    ],
)
def test_any_key_is_understood_in_every_locale(locale: dict[str, str]) -> None:
    words = ["recipes", "explain", "--json", "--file", str(RECIPES), "--", KEY]

    ended = subprocess.run(
        [sys.executable.encode(), b"-m", b"scripts.pixfleet.cli", *map(str.encode, words)],
        env={"PATH": os.environ["PATH"], **locale},
        capture_output=True,
        check=False,
    )

    assert ended.stderr == b""
    assert json.loads(ended.stdout)["key"] == KEY


def test_a_key_that_is_no_utf_8_is_refused_in_a_sentence() -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "scripts.pixfleet.cli", "recipes", "explain"),
            *("--file", RECIPES, b"\xff.jpg"),
        ],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr == b"Expected text in UTF-8, as the keys of S3 are, got '\\udcff.jpg'\n"
