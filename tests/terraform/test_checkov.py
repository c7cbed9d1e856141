"""Checkov, an independent scanner; `.checkov.yaml` lists the skipped checks with reasons."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.terraform.folders import ROOT

# It takes seconds to start, and minutes on a busy machine.
pytestmark = [pytest.mark.terraform, pytest.mark.timeout(600)]

# It pins a hundred packages, so it has a virtual environment of its own.
CHECKOV = ROOT / "build" / "checkov" / "bin" / "checkov"
BAD = """
resource "aws_security_group" "this" {
  name = "open"

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""


@pytest.fixture(scope="module")
def checkov() -> Path:
    if not CHECKOV.exists():
        words = "checkov is not in build/checkov: `make checkov` installs it."
        if os.environ.get("CI"):
            pytest.fail(words, pytrace=False)
        pytest.skip(words)
    return CHECKOV


def test_checkov_finds_nothing(checkov: Path, tmp_path: Path) -> None:
    done = run(checkov, "--config-file", ".checkov.yaml", home=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_a_bad_resource(checkov: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tf").write_text(BAD)

    done = run(
        checkov, "--skip-download", "--framework", "terraform", "-d", str(tmp_path), home=tmp_path
    )

    assert done.returncode == 1
    assert "CKV_AWS_24" in done.stdout


def run(checkov: Path, *words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkov, *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
