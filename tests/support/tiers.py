"""The tiers of the tests: the folder of a test decides its tier, and every test has one."""

from collections.abc import Sequence

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
}
TIERS = tuple(dict.fromkeys(tier for tiers in TIERS_OF_FOLDERS.values() for tier in tiers))


def set_tiers(items: Sequence[pytest.Item]) -> None:
    """Mark every test with its tier; raise `UsageError` if one has none or a wrong one."""
    wrong = [item.nodeid for item in items if not _set_tier(item)]
    if wrong:
        folders = ", ".join(f"tests/{folder}" for folder in TIERS_OF_FOLDERS)
        raise pytest.UsageError(
            f"These tests are in no tier: {', '.join(wrong)}. A test's folder decides its tier: "
            f"{folders}. See tests/README.md."
        )


def tier_of(item: pytest.Item) -> str:
    """Return the tier that `set_tiers` has set."""
    return next(marker.name for marker in item.iter_markers() if marker.name in TIERS)


def _set_tier(item: pytest.Item) -> bool:
    tiers = TIERS_OF_FOLDERS.get(_folder(item), ())
    tiers_of_item = {marker.name for marker in item.iter_markers() if marker.name in TIERS}
    if tiers and not tiers_of_item:
        item.add_marker(tiers[0])
    return bool(tiers) and len(tiers_of_item) <= 1 and tiers_of_item <= set(tiers)


def _folder(item: pytest.Item) -> str:
    """Return the name of the test's folder in `tests`."""
    inside = item.path.relative_to(item.config.rootpath).parts
    return inside[1] if len(inside) > 2 and inside[0] == TESTS else ""
