"""`make release VERSION=1.2.3` sets the version, dates the changelog's section and tags it.

It changes files, commits and tags on this machine. It pushes nothing.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.model.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[2]
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
UNRELEASED = "## Unreleased\n"

Git = Callable[..., str]


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Release the named version and return the exit code: 2 if it cannot be released."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    parser.add_argument("version", help="such as 1.2.3, after https://semver.org")
    version = parser.parse_args(arguments).version

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - git is on PATH
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    try:
        tag = release(version, root, git, datetime.now(UTC).date().isoformat())
    except Misconfigured as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"Tagged {tag}. Next: git push origin main {tag}")
    return 0


def release(version: str, root: Path, git: Git, date: str) -> str:
    """Write the version and the changelog, commit, tag, and return the tag's name.

    `Misconfigured`, before anything is changed, if the version is not of the form 1.2.3 or is
    older than the current one, if the tree has uncommitted changes, if the tag exists, or if the
    changelog has no entries to release.
    """
    changelog, project = root / "CHANGELOG.md", root / "pyproject.toml"
    versions = root / "shared" / "model" / "versions.py"
    now = _current(project.read_text())
    tag = f"v{version}"
    if problems := [
        *_problems_of_version(version, now),
        *_problems_of_tree(git, tag),
        *_problems_of_changelog(changelog.read_text()),
    ]:
        raise Misconfigured(f"{version or 'No version'} was not released", problems)
    _replace(project, f'\nversion = "{now}"\n', f'\nversion = "{version}"\n')
    _replace(versions, f'WORKER_VERSION = "{now}"', f'WORKER_VERSION = "{version}"')
    _replace(changelog, UNRELEASED, f"{UNRELEASED}\n## {version} ({date})\n")
    git("add", str(changelog), str(project), str(versions))
    git("commit", "--quiet", "--message", f"Release {version}")
    git("tag", "--annotate", tag, "--message", f"Pixfleet {version}")
    return tag


def _current(project: str) -> str:
    found = re.search(r'^version = "([^"]+)"$', project, re.MULTILINE)
    if found is None:
        raise Misconfigured("pyproject.toml cannot be used", ['expected a line version = "…"'])
    return found[1]


def _problems_of_version(version: str, now: str) -> list[str]:
    if VERSION.fullmatch(version) is None:
        return [f"expected VERSION=major.minor.patch, got {version!r}"]
    if _numbers(version) < _numbers(now):
        return [f"expected a version from {now} on, got {version}"]
    return []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _problems_of_tree(git: Git, tag: str) -> list[str]:
    problems = []
    if git("status", "--porcelain"):
        problems.append("expected a clean tree: commit or stash your changes")
    if git("tag", "--list", tag):
        problems.append(f"expected a new tag, {tag} exists")
    return problems


def _problems_of_changelog(text: str) -> list[str]:
    if UNRELEASED not in text:
        return [f"CHANGELOG.md: expected a line {UNRELEASED.strip()!r}"]
    section = text.split(UNRELEASED, 1)[1].split("\n## ", 1)[0]
    return [] if "\n- " in section else ["CHANGELOG.md: expected entries under Unreleased"]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise Misconfigured(f"{path.name} cannot be used", [f"expected {old.strip()!r} in it"])
    path.write_text(text.replace(old, new, 1))


if __name__ == "__main__":
    sys.exit(main())
