"""Completion in real shells: what stands on the command line after TAB."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pixfleet.options.completions import CAUSES, cause_names, context_names, plain
from scripts.pixfleet.options.contexts import Contexts, NamedStack, contexts_file, write_contexts
from scripts.pixfleet.stack.dead_letters import UNATTACHED
from shared.model.errors import Cause

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
# Each prints what the shell offers for its arguments, of which the last is incomplete.
BASH = """
source <(pixfleet completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_pixfleet_completion pixfleet
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = 'pixfleet completion fish | source; complete -C "$argv" | string replace -r "\\t.*" ""'
# zsh completes only in an interactive shell; zpty is its own pseudo-terminal (zshmodules(1)).
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste 2>/dev/null; stty columns 200'
zpty -w shell 'autoload -U compinit; compinit -u -D; source <(pixfleet completion zsh)'
zpty -w shell 'zstyle ":completion:*" list-prompt ""; echo re""ady'
zpty -r shell out '*ready*'
zpty -w -n shell "$*"$'\\t'
zpty -w shell $'\\t'
while zpty -r -t shell out || { [[ $((++waited)) -lt 40 ]] && sleep 0.1 }; do
  print -rn -- "$out"
done
zpty -d shell
"""
SHELLS = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "fish": ["fish", "--no-config", "-c", FISH],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
}
RECIPES_COMMANDS = {"check", "explain", "schema"}


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    """Return a home with contexts, and a `pixfleet` that runs this checkout."""
    program = tmp_path / "bin" / "pixfleet"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m scripts.pixfleet.cli "$@"\n'
    )
    program.chmod(0o755)
    contexts = {"photos": NamedStack("photos"), "phones": NamedStack("phones")}
    write_contexts(contexts_file({"XDG_CONFIG_HOME": str(tmp_path)}), Contexts(contexts))
    return tmp_path


def offered(shell: str, home: Path, *words: str) -> set[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on PATH: install it to see it complete.")
    typed = [" ".join(words)] if shell != "bash" else list(words)
    done = subprocess.run(
        [*SHELLS[shell], *typed],
        env={
            "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "TERM": "dumb",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("recipes ", RECIPES_COMMANDS, id="commands"),
        pytest.param("dlq try --cause too_many_p", {"too_many_pixels"}, id="a cause"),
        pytest.param("--context pho", {"photos", "phones"}, id="contexts"),
        pytest.param("context use phot", {"photos"}, id="a context's name"),
    ],
)
def test_a_shell_completes(shell: str, words: str, expected: set[str], home: Path) -> None:
    found = offered(shell, home, "pixfleet", *words.split(" "))

    assert expected <= found
    if shell != "zsh":  # whose terminal also shows what was typed
        assert expected == found


def test_every_cause_of_a_dead_letter_is_offered() -> None:
    assert set(cause_names("")) == {*(cause.value for cause in Cause), *UNATTACHED}
    assert set(CAUSES) == set(cause_names(""))


def test_only_words_that_no_shell_expands_are_offered() -> None:
    hostile = ["$(id)", "`id`", "a b", "a;b", "*", "a\nb", "'", '"', "~", "", "fine-1.2_x"]

    assert list(plain(hostile, "")) == ["fine-1.2_x"]


def test_a_broken_file_of_contexts_completes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    contexts_file({"XDG_CONFIG_HOME": str(home)}).write_text("{")

    assert context_names("") == []
