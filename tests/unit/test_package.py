import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


def loaded_by(module: str) -> set[str]:
    """Return the top-level packages that importing a module loads, in a new process."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ended.stdout.split())


def test_the_modules_that_call_aws_do_not_load_libvips() -> None:
    loaded = loaded_by("worker.batch, worker.runner")

    assert "boto3" in loaded
    assert not loaded & {"pyvips", "cffi", "_libvips"}


def test_the_render_child_does_not_load_boto3() -> None:
    loaded = loaded_by("shared.imaging.child")

    assert "pyvips" in loaded
    assert not loaded & {"boto3", "botocore", "s3transfer", "urllib3", "tenacity", "structlog"}


def test_the_model_loads_the_standard_library_only() -> None:
    names = sorted(path.stem for path in (ROOT / "shared" / "model").glob("*.py"))
    modules = ", ".join(f"shared.model.{name}" for name in names if name != "__init__")

    loaded = loaded_by(modules)

    assert "shared" in loaded
    assert loaded - loaded_by("sys") <= {"shared", *sys.stdlib_module_names}


def test_imports_have_no_side_effects() -> None:
    """Importing needs no settings, because a misconfigured Lambda must still answer."""
    program = (
        "import threading;"
        "import worker.batch, worker.runner;"
        "print(threading.active_count(), worker.batch.consumer.cache_info().currsize)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stdout.split() == ["1", "0"]
    assert ended.stderr == ""
