"""`make up` and `make down` in processes of their own, around tests of the whole stack."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.local.instance import Instance
from scripts.local.terraform import NEEDED, program
from scripts.local.terraform_root import TerraformRoot
from tests.e2e.packages import built, skip_on_laptops
from tests.e2e.whole_stack import WholeStack


@contextmanager
def applied_stack(instance: Instance) -> Iterator[WholeStack]:
    """Apply the stack and destroy it at the end; skip on a laptop that lacks what it needs."""
    if program() is None:
        skip_on_laptops("Terraform is not on PATH: install it (1.9 or newer) to apply the stack.")
    built("here")  # or skips, on a laptop without an index
    made = local("up", instance)
    if NEEDED in made.stderr and not os.environ.get("TF_PLUGIN_DIR"):
        skip_on_laptops(NEEDED)
    assert made.returncode == 0, made.stderr
    yield WholeStack(instance, TerraformRoot(instance).names())
    gone = local("down", instance)
    assert gone.returncode == 0, gone.stderr


def local(command: str, instance: Instance, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `up` or `down` of scripts.local."""
    words = [sys.executable, "-m", "scripts.local", command, f"--port={instance.port}", *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
