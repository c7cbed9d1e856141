from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.support.size import read_size
from tests.support.tiers import TIERS, refuse_files_without_tier, set_tiers

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


@dataclass
class FakeItem:
    """A collected test, as far as the tiers look at it."""

    nodeid: str
    markers: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return ROOT / self.nodeid.partition("::")[0]

    @property
    def config(self) -> SimpleNamespace:
        return SimpleNamespace(rootpath=ROOT)

    def iter_markers(self) -> Iterator[SimpleNamespace]:
        return (SimpleNamespace(name=name) for name in self.markers)

    def add_marker(self, name: str) -> None:
        self.markers.append(name)


def set_tier(item: FakeItem) -> list[str]:
    set_tiers([cast("pytest.Item", item)])
    return item.markers


@pytest.mark.parametrize("folder", ["unit", "imaging", "functional/cli", "faults", "e2e"])
def test_a_folder_decides_the_tier_of_its_tests(folder: str) -> None:
    markers = set_tier(FakeItem(f"tests/{folder}/test_x.py::test_x"))

    assert markers == [folder.partition("/")[0]]


def test_a_contract_may_have_the_marker_of_another_tier() -> None:
    path = "tests/contracts/test_queues.py::test_x"

    assert set_tier(FakeItem(path, ["e2e"])) == ["e2e"]
    assert set_tier(FakeItem(path)) == ["faults"]


@pytest.mark.parametrize("path", ["tests/soak/test_x.py", "tests/test_x.py", "shared/test_x.py"])
def test_a_test_outside_the_folders_of_the_tiers_stops_the_run(path: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"in no tier: {path}::test_x"):
        set_tier(FakeItem(f"{path}::test_x"))


@pytest.mark.parametrize("path", ["tests/soak/test_x.py", "tests/test_x.py"])
def test_a_file_outside_the_folders_of_the_tiers_stops_the_run(tmp_path: Path, path: str) -> None:
    for name in (path, "tests/unit/test_y.py", "tests/functional/cli/test_z.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    with pytest.raises(pytest.UsageError, match=f"in no tier: {path}\\."):
        refuse_files_without_tier(tmp_path)


def test_a_test_with_the_marker_of_another_folders_tier_stops_the_run() -> None:
    with pytest.raises(pytest.UsageError, match="in no tier"):
        set_tier(FakeItem("tests/unit/test_x.py::test_x", ["e2e"]))


def test_every_tier_has_a_marker(pytestconfig: pytest.Config) -> None:
    described = {line.partition(":")[0] for line in pytestconfig.getini("markers")}

    assert set(TIERS) <= described


def test_a_push_draws_the_same_and_a_nightly_run_something_new() -> None:
    assert read_size("push", seed=7).seed == 0
    assert read_size("nightly", seed=7).seed == 7


def test_a_number_stands_for_so_many_times_the_nightly_size() -> None:
    assert read_size("5", seed=7).schedules == 5 * read_size("nightly", seed=7).schedules


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(ValueError, match="weekly"):
        read_size("weekly", seed=7)
