"""The bounds on stale answers are those of the deployed TTLs, and the documented ones."""

import re
from pathlib import Path

import pytest

from tests.support.staleness import CACHED_ERRORS, ERROR_SECONDS, ONE_CACHE, RULES, SHIELD

pytestmark = pytest.mark.unit

DELIVERY = Path(__file__).parents[2] / "terraform" / "modules" / "delivery"
MINUTE = 60


def read(name: str) -> str:
    return (DELIVERY / name).read_text()


def settings(name: str, file: str) -> list[str]:
    return re.findall(rf"^ *{name} *= *(\S.*)$", read(file), re.MULTILINE)


def row(start: str) -> list[str]:
    """Return the cells of the README's row that starts with this text, without the first."""
    (line,) = re.findall(rf"^\| {start}.* \| (.*) \| (.*) \|$", read("README.md"), re.MULTILINE)
    return list(line)


def minutes(seconds: float) -> str:
    count = seconds / MINUTE
    return f"{count:g} minute{'' if count == 1 else 's'}"


def test_the_ttls_are_those_that_terraform_sets() -> None:
    ttl = RULES.ttl

    assert settings("min_ttl", "policies.tf") == [str(ttl.minimum)]
    assert settings("default_ttl", "policies.tf") == [str(ttl.default)]
    assert settings("max_ttl", "policies.tf") == [str(ttl.maximum)]
    assert settings("error_caching_min_ttl", "distribution.tf") == [str(ERROR_SECONDS)]
    assert f"toset({list(CACHED_ERRORS)})" in read("distribution.tf")


def test_the_readme_states_the_bounds() -> None:
    caches = (ONE_CACHE, SHIELD)

    assert row("a manifest") == [minutes(each.manifest_seconds) for each in caches]
    assert row("a URL without a version") == [minutes(each.picture_seconds) for each in caches]
