"""Builds the route of a cache behaviour from what MiniStack has parsed of a distribution."""

from collections.abc import Mapping
from typing import Any

from scripts.local.edge.cache_key import KeyPolicy
from scripts.local.edge.configuration import Configuration, OriginGroup
from scripts.local.edge.edge import Route
from scripts.local.edge.lifetimes import DAY, YEAR, CachingRules, TimeToLive
from scripts.local.edge.origins import Origin

# Any: MiniStack's dictionaries have no types.
Settings = Mapping[str, Any]
NOTHING_IS_CACHED = TimeToLive(0, 0, 0)


def route(
    distribution: str,
    behaviour: Settings,
    configuration: Configuration,
    *,
    origins: Mapping[str, Settings],
    policy: Settings | None,
) -> Route | None:
    """Return a behaviour's route; None if its origin does not exist.

    `policy` is the configuration of its cache policy. A behaviour without one, with the older
    ForwardedValues, caches nothing here.
    """
    target = behaviour["target_origin_id"]
    group = configuration.groups.get(target, OriginGroup((target,), frozenset()))
    if not all(name in origins for name in group.members):
        return None
    return Route(
        distribution,
        tuple(_origin(configuration, name, origins[name]) for name in group.members),
        group.codes,
        CachingRules(
            ttl=_time_to_live(policy),
            error_seconds=configuration.error_seconds,
            methods=configuration.methods[behaviour["path_pattern"]],
        ),
        KeyPolicy.of((policy or {}).get("Parameters") or {}),
    )


def _time_to_live(policy: Settings | None) -> TimeToLive:
    """Return the TTLs of a cache policy, with the API's defaults.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CachePolicyConfig.html
    """
    if policy is None:
        return NOTHING_IS_CACHED
    minimum = float(policy["MinTTL"])
    default = float(policy.get("DefaultTTL", max(DAY, minimum)))
    return TimeToLive(minimum, default, float(policy.get("MaxTTL", max(YEAR, default))))


def _origin(configuration: Configuration, name: str, settings: Settings) -> Origin:
    found = configuration.origins[name]
    return Origin(name, found.attempts, found.shield, settings)
