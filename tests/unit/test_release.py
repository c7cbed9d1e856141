"""`make release`: what it writes, and when it refuses."""

import subprocess
from pathlib import Path

import pytest

from scripts.release.__main__ import main

pytestmark = pytest.mark.unit


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    (tmp_path / "shared" / "model").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "pixfleet"\nversion = "0.1.0"\n')
    (tmp_path / "shared" / "model" / "versions.py").write_text('WORKER_VERSION = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n"
    )
    _git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    _git(tmp_path, "config", "user.name", "A Maintainer")
    _git(tmp_path, "config", "user.email", "maintainer@example.com")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_a_release_sets_the_version_and_closes_the_section(project: Path) -> None:
    assert main(["0.2.0"], root=project) == 0

    assert 'version = "0.2.0"' in (project / "pyproject.toml").read_text()
    assert '"0.2.0"' in (project / "shared" / "model" / "versions.py").read_text()
    changelog = (project / "CHANGELOG.md").read_text()
    assert (
        changelog.index("## Unreleased") < changelog.index("## 0.2.0 (") < changelog.index("- A")
    )
    assert _git(project, "tag", "--list") == "v0.2.0"
    assert _git(project, "log", "-1", "--format=%s") == "Release 0.2.0"
    assert not _git(project, "status", "--porcelain")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.0.9", "from 0.1.0 on"), ("v1", "major.minor.patch"), ("", "major.minor.patch")],
)
def test_a_wrong_version_is_refused_and_nothing_changes(
    project: Path, version: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([version], root=project) == 2

    assert expected in capsys.readouterr().err
    assert not _git(project, "status", "--porcelain")
    assert not _git(project, "tag", "--list")


def test_changes_that_are_not_committed_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "new.txt").write_text("not committed")

    assert main(["0.2.0"], root=project) == 2

    assert "clean tree" in capsys.readouterr().err


def test_a_second_release_without_entries_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["0.2.0"], root=project) == 0

    assert main(["0.3.0"], root=project) == 2

    assert "entries under Unreleased" in capsys.readouterr().err


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words],  # noqa: S607 - git is on PATH
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
