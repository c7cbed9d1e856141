"""The table of deviations and the README agree with the contracts."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contracts.conftest import TIERS
from tests.contracts.deviations import CANNOT_SHOW, DEVIATES

pytestmark = pytest.mark.faults

HERE = Path(__file__).parent
CONTRACTS = [
    name
    for path in sorted(HERE.glob("test_*.py"))
    for name in re.findall(
        r"^def (test_\w+)\([^)]*engine: Engine", path.read_text(encoding="utf-8"), re.MULTILINE
    )
]
README = (HERE / "README.md").read_text(encoding="utf-8").splitlines()


def row_of(name: str) -> tuple[str, str]:
    """Return how a contract's row begins and ends: its sentence, and its deviations."""
    left_out = {**DEVIATES.get(name, {}), **CANNOT_SHOW.get(name, {})}
    deviations = "; ".join(f"{engine} {why}" for engine, why in left_out.items())
    return f"| {name.removeprefix('test_').replace('_', ' ')} |", f"| {deviations or '-'} |"


@pytest.mark.parametrize("name", [*DEVIATES, *CANNOT_SHOW])
def test_a_deviation_names_a_contract(name: str) -> None:
    assert name in CONTRACTS


@pytest.mark.parametrize("engines", [*DEVIATES.values(), *CANNOT_SHOW.values()])
def test_a_deviation_is_of_an_emulator_and_never_of_ours(engines: Mapping[str, str]) -> None:
    assert set(engines) <= TIERS.keys() - {"simulator"}


ORIGIN = re.compile(
    r"documented: \[[^]]+\]\(https://[^)]+\).*|(recorded|memory|derived): .+", re.DOTALL
)


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_readme_says_where_each_fact_comes_from(name: str) -> None:
    beginning, _ = row_of(name)

    (row,) = (line for line in README if line.startswith(beginning))
    assert ORIGIN.fullmatch(row.split("|")[2].strip())


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_readme_has_each_contract_with_its_deviations(name: str) -> None:
    beginning, end = row_of(name)

    (row,) = (line for line in README if line.startswith(beginning))
    assert row.endswith(end)
