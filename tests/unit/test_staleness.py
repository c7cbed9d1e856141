"""The bounds on stale answers are those of the deployed TTLs, and the documented ones."""

import re
from pathlib import Path

import pytest

from shared.model.cache_control import EDGE_SECONDS, MANIFEST_SECONDS, REVALIDATING_SECONDS
from tests.support.staleness import CACHED_ERRORS, ERROR_SECONDS, ONE_CACHE, RULES, SHIELD
from tests.support.urls_page import PAGE, table
from worker.renderer import response

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


def test_the_page_about_urls_states_the_bounds() -> None:
    caches = (ONE_CACHE, SHIELD)
    _, manifest, picture = (row[1:] for row in table("staleness"))
    (restored,) = re.findall(r"(\d+ minutes), or (\d+) with Origin Shield", page())

    assert manifest == [minutes(each.manifest_seconds) for each in caches]
    assert picture == [minutes(each.picture_seconds) for each in caches]
    assert restored == (picture[0], picture[1].removesuffix(" minutes"))


def test_the_page_about_urls_states_the_lifetimes() -> None:
    edge, manifest = minutes(EDGE_SECONDS), minutes(MANIFEST_SECONDS)
    error = f"{ERROR_SECONDS} seconds"
    by_default = re.search(
        r'"default_browser_seconds".*?default +=\s(\d+)', read("variables.tf"), re.DOTALL
    )
    assert by_default

    assert {name: lifetimes for name, *lifetimes in table("caching")} == {
        "picture, with the current `v": ["a year, without asking again", edge],
        "picture, without `v` or with another version": [minutes(int(by_default[1])), edge],
        "manifest": [manifest, manifest],
        "picture that the renderer has just made": [
            "as the picture above",
            minutes(response.EDGE_SECONDS),
        ],
        "404 of a picture or manifest": [f"{response.MISSING_SECONDS} seconds", error],
        "400, and 404 with a text": ["1 minute", "it does not keep it"],
        "503": ["it does not keep it", error],
        "302": ["it does not keep it", "it does not keep it"],
    }
    assert f"for {minutes(REVALIDATING_SECONDS)} at most" in page()


def page() -> str:
    """Return the page about URLs without its line breaks."""
    return " ".join(PAGE.read_text(encoding="utf-8").split())
