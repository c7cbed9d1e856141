"""What the renderer's handler imports: a viewer waits for each of its cold starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
# An HTTP server, libvips, the API's packages, and what only batches need.
NOT_NEEDED = {"http.server", "pyvips", "starlette", "mangum", "worker.batch", "worker.reconcile"}


def test_the_handler_imports_nothing_that_no_request_needs() -> None:
    program = "import sys, worker.renderer.handler; print('\\n'.join(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(done.stdout.splitlines())
    assert "worker.renderer.answer" in imported
    assert imported & NOT_NEEDED == set()
