import pytest

from scripts.local.edge.cache_key import KeyPolicy, Selection
from scripts.local.edge.configuration import Configuration
from scripts.local.edge.edge import Route
from scripts.local.edge.lifetimes import CachingRules, TimeToLive
from scripts.local.edge.origins import Origin
from scripts.local.edge.routes import route
from tests.unit.edge.configurations import XML
from tests.unit.edge.fakes import DISTRIBUTION

ORIGINS = {"variants": {"id": "variants"}, "renderer": {"id": "renderer"}}
POLICY = {
    "MinTTL": 0,
    "DefaultTTL": 300,
    "MaxTTL": 86400,
    "Parameters": {"QueryStringBehavior": "whitelist", "QueryStrings": ["v"]},
}


def built(target: str, pattern: str | None, policy: dict[str, object] | None) -> Route | None:
    behaviour = {"target_origin_id": target, "path_pattern": pattern}
    return route(DISTRIBUTION, behaviour, Configuration.of(XML), origins=ORIGINS, policy=policy)


def test_a_route_to_a_group_has_both_origins() -> None:
    found = built("both", None, POLICY)

    assert found == Route(
        DISTRIBUTION,
        (Origin("variants", 3, "eu-west-1"), Origin("renderer", 1)),
        frozenset({403, 404}),
        CachingRules(TimeToLive(0, 300, 86400), {403: 5, 404: 10, 503: 0}),
        KeyPolicy(query=Selection("whitelist", frozenset({"v"}))),
    )
    assert [each.settings for each in found.origins] == [ORIGINS["variants"], ORIGINS["renderer"]]


def test_a_route_to_one_origin_fails_over_to_none() -> None:
    found = built("renderer", "/api/*", POLICY)

    assert found
    assert [each.id for each in found.origins] == ["renderer"]
    assert found.failover_codes == frozenset()
    assert "OPTIONS" in found.rules.methods


def test_a_behaviour_without_cache_policy_caches_nothing() -> None:
    found = built("variants", None, None)

    assert found
    assert found.rules.ttl == TimeToLive(0, 0, 0)


@pytest.mark.parametrize(
    ("minimum", "ttl"),
    [
        (1, TimeToLive(1, 86400, 31536000)),
        (100_000, TimeToLive(100_000, 100_000, 31536000)),
        (40_000_000, TimeToLive(40_000_000, 40_000_000, 40_000_000)),
    ],
)
def test_missing_ttls_have_the_apis_defaults(minimum: int, ttl: TimeToLive) -> None:
    found = built("variants", None, {"MinTTL": minimum})

    assert found
    assert found.rules.ttl == ttl


def test_there_is_no_route_to_an_origin_that_does_not_exist() -> None:
    assert built("gone", None, POLICY) is None
