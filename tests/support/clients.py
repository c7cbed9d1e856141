"""The files of docs/clients, copied and set as their users do, and run in Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
WRITTEN_BASE = "https://img.example.com"


def copy_clients(folder: Path, *, base: str = WRITTEN_BASE) -> None:
    """Copy the files into a folder of modules, with the address of a distribution."""
    for path in CLIENTS.glob("*.js"):
        shutil.copy(path, folder)
    copied = folder / "pixfleet.js"
    text = copied.read_text(encoding="utf-8")
    assert WRITTEN_BASE in text
    copied.write_text(text.replace(WRITTEN_BASE, base), encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}\n')


def run_module(folder: Path, module: str) -> Any:  # noqa: ANN401 - any value of JSON
    """Run a module of JavaScript in a folder, and return what it gives to `show`."""
    done = subprocess.run(
        ["node", "--input-type=module"],  # noqa: S607 - found on PATH, as CI's is
        input=f"{module}\nfunction show(value) {{ console.log(JSON.stringify(value)); }}\n",
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
