"""The tiers of the tests: the folder of a test decides its tier, and every test has one."""

from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = "tests"
# The first tier of a folder is that of its tests; a test may have the marker of another one.
TIERS_OF_FOLDERS = {
    "unit": ("unit",),
    "imaging": ("imaging",),
    "functional": ("functional",),
    "faults": ("faults",),
    "contracts": ("faults", "e2e"),  # on the simulator and moto: faults; on MiniStack: e2e
    "terraform": ("terraform",),
    "e2e": ("e2e",),
    "trixie": ("e2e",),
    "pipx": ("e2e",),
    "browser": ("imaging", "e2e"),  # pictures: imaging; a page of the stack of `make up`: e2e
}
TIERS = tuple(dict.fromkeys(tier for tiers in TIERS_OF_FOLDERS.values() for tier in tiers))


def refuse_files_without_tier(root: Path) -> None:
    """Raise `UsageError` if a test file is in no tier's folder.

    `set_tiers` would find it too, but in a worker of pytest-xdist, which hides the sentence in a
    traceback.
    """
    files = [path.relative_to(root) for path in sorted((root / TESTS).rglob("test_*.py"))]
    _refuse([str(file) for file in files if len(file.parts) < 3 or not _tiers_of(file.parts[1])])


def set_tiers(items: Sequence[pytest.Item]) -> None:
    """Mark every test with its tier; raise `UsageError` if one has none or a wrong one."""
    _refuse([item.nodeid for item in items if not _set_tier(item)])


def tier_of(item: pytest.Item) -> str:
    """Return the tier that `set_tiers` has set."""
    return next(marker.name for marker in item.iter_markers() if marker.name in TIERS)


def _refuse(wrong: Sequence[str]) -> None:
    if wrong:
        folders = ", ".join(f"tests/{folder}" for folder in TIERS_OF_FOLDERS)
        raise pytest.UsageError(
            f"These tests are in no tier: {', '.join(wrong)}. A test's folder decides its tier: "
            f"{folders}. See tests/README.md."
        )


def _tiers_of(folder: str) -> tuple[str, ...]:
    return TIERS_OF_FOLDERS.get(folder, ())


def _set_tier(item: pytest.Item) -> bool:
    tiers = _tiers_of(_folder(item))
    tiers_of_item = {marker.name for marker in item.iter_markers() if marker.name in TIERS}
    if tiers and not tiers_of_item:
        item.add_marker(tiers[0])
    return bool(tiers) and len(tiers_of_item) <= 1 and tiers_of_item <= set(tiers)


def _folder(item: pytest.Item) -> str:
    """Return the name of the test's folder in `tests`."""
    inside = item.path.relative_to(item.config.rootpath).parts
    return inside[1] if len(inside) > 2 and inside[0] == TESTS else ""
