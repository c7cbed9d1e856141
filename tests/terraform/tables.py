"""The tables of inputs and outputs in the READMEs, generated from the Terraform files.

`python -m tests.terraform.tables --write` rewrites the text between the markers.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.terraform.folders import STACK, Block, blocks, folders, plain, title

BEGIN = "<!-- tables: python -m tests.terraform.tables --write -->"
END = "<!-- end of tables -->"
BETWEEN = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", re.DOTALL)


class NoMarkersError(ValueError):
    """A README has no markers for its tables."""


def documented() -> tuple[Path, ...]:
    """Return the folders whose README must list inputs and outputs: the root and the modules."""
    ours = (folder for folder in folders() if folder == STACK or folder.parent.name == "modules")
    return tuple(folder for folder in ours if (folder / "variables.tf").exists())


def tables(folder: Path) -> str:
    """Return both tables of a folder."""
    return "\n".join((*_inputs(folder), "", *_outputs(folder), ""))


def written(folder: Path) -> str:
    """Return the README's tables; raise `NoMarkersError` if it has no markers."""
    found = BETWEEN.search((folder / "README.md").read_text())
    if not found:
        raise NoMarkersError(f"Expected {BEGIN} and {END} in {title(folder)}/README.md.")
    return found.group(1)


def write(folder: Path) -> None:
    """Renew the README's tables."""
    readme = folder / "README.md"
    renewed = f"{BEGIN}\n{tables(folder)}{END}"
    readme.write_text(BETWEEN.sub(lambda _: renewed, readme.read_text()))


def _inputs(folder: Path) -> Iterator[str]:
    yield "| input | type | default | what it is |"
    yield "|---|---|---|---|"
    for variable in blocks(folder, "variable"):
        default = _value(variable.body["default"]) if "default" in variable.body else "required"
        cells = (f"`{variable.name}`", _code(_type(variable)), default, _described(variable))
        yield f"| {' | '.join(cells)} |"


def _outputs(folder: Path) -> Iterator[str]:
    yield "| output | what it is |"
    yield "|---|---|"
    for output in blocks(folder, "output"):
        yield f"| `{output.name}` | {_described(output)} |"


def _type(variable: Block) -> str:
    return plain(variable.body["type"])


def _described(block: Block) -> str:
    return plain(block.body["description"]).replace("|", "\\|")


def _value(default: object) -> str:
    return _code(_hcl(default))


def _hcl(value: object) -> str:
    """Return a value in HCL, on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            pairs = ", ".join(
                f"{key} = {_hcl(inner)}"
                for key, inner in value.items()
                if not str(key).startswith("__")
            )
            return f"{{ {pairs} }}" if pairs else "{}"
        case list():
            return f"[{', '.join(map(_hcl, value))}]"
        case _:
            return str(value).removeprefix("${").removesuffix("}")


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`{escaped}`"


def main(words: list[str]) -> int:
    """Write the tables, or only list those that are out of date."""
    stale = [folder for folder in documented() if written(folder) != tables(folder)]
    for folder in stale:
        if "--write" in words:
            write(folder)
        sys.stdout.write(f"{title(folder)}/README.md\n")
    return int(bool(stale) and "--write" not in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
