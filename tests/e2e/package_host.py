"""Renders files with an unpacked package only; it is run by its path and never imported.

    python package_host.py OUT FILE…      prints the files of all imported modules

Emulated interpreters run it, too; INTERPRETER is then the command that starts another of them.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant

WIDTH = 32
EVERY_SLOT = Variant(
    f"w{WIDTH}", (Slot.AVIF, Slot.WEBP, Slot.FALLBACK), width=WIDTH, effort={Codec.AVIF: 0}
)
TIMEOUT_SECONDS = 100.0


def main(out: Path, sources: list[Path]) -> None:
    """Import the handlers, render each source, and print locks and the files of all modules."""
    root = Path(os.environ["LAMBDA_TASK_ROOT"])
    modules = [path for path in sorted((root / "worker").rglob("*.py")) if _handles(path)]
    handlers = [".".join(path.relative_to(root).with_suffix("").parts) for path in modules]
    for name in handlers:
        assert callable(importlib.import_module(name).handler)
    sys.executable = os.environ.get("INTERPRETER", sys.executable)
    child = RenderChild(Limits().memory_bytes)
    # More than the worker's timeout: an emulated child needs half a minute.
    ready = child.await_ready(time_limit_seconds=TIMEOUT_SECONDS)
    for source in sources:
        job = Job(Recipe("every-slot", (EVERY_SLOT,)), Limits())
        data = source.read_bytes()
        for reply in child.render(data, job, time_limit_seconds=TIMEOUT_SECONDS):
            if not isinstance(reply, DoneFrame):
                frame, payload = reply
                name = f"{source.stem}.{frame.slot.value}.{frame.codec.value}"
                (out / name).write_bytes(payload)
    child.stop()
    files = [getattr(module, "__file__", None) for module in tuple(sys.modules.values())]
    report = {
        "handlers": handlers,
        "locks": ready.locks,
        "walks_jpegs": ready.walks_jpegs,
        "files": sorted(filter(None, files)),
    }
    sys.stdout.write(json.dumps(report))


def _handles(path: Path) -> bool:
    return "\ndef handler(" in path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
