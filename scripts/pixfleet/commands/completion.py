"""`pixfleet completion`: the script by which a shell completes the command."""

from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_shared import get_completion_script

from scripts.pixfleet.terminal.plain import print_text

app = typer.Typer()


class Shell(StrEnum):
    """The shells that are tested."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command("completion")
def completion(shell: Annotated[Shell, typer.Argument(help="The shell.")]) -> None:
    """Print the script that completes `pixfleet` in a shell."""
    print_text(
        get_completion_script(
            prog_name="pixfleet", complete_var="_PIXFLEET_COMPLETE", shell=shell.value
        )
    )
