"""Reads from a distribution's XML what MiniStack does not keep.

The elements are those of DistributionConfig:
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from xml.etree.ElementTree import Element, fromstring

from scripts.local.edge.lifetimes import ERROR_SECONDS
from scripts.local.edge.origins import ATTEMPTS


@dataclass(frozen=True, slots=True)
class OriginGroup:
    """The origins of a group in their order, and the statuses on which the second is asked."""

    members: tuple[str, ...]
    codes: frozenset[int]


@dataclass(frozen=True, slots=True)
class OriginSettings:
    """How an origin is asked; `shield` is the region of its origin shield, empty without one."""

    attempts: int
    shield: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """A distribution's settings.

    `methods` are the cached methods by path pattern; those of the default behaviour have None.
    """

    groups: Mapping[str, OriginGroup]
    origins: Mapping[str, OriginSettings]
    error_seconds: Mapping[int, float]
    methods: Mapping[str | None, frozenset[str]]

    @classmethod
    def of(cls, xml: str | bytes) -> Self:
        """Read the XML of a DistributionConfig."""
        root = fromstring(xml)  # noqa: S314 - what a client of the local AWS sent to it
        return cls(
            groups={_text(each, "Id"): _group(each) for each in _items(root, "OriginGroups")},
            origins={_text(each, "Id"): _origin(each) for each in _items(root, "Origins")},
            error_seconds=dict(map(_error, _items(root, "CustomErrorResponses"))),
            methods=dict(_methods(root)),
        )


def _group(element: Element) -> OriginGroup:
    codes = element.iterfind("{*}FailoverCriteria/{*}StatusCodes/{*}Items/{*}StatusCode")
    members = element.iterfind("{*}Members/{*}Items/{*}OriginGroupMember")
    return OriginGroup(
        tuple(_text(each, "OriginId") for each in members),
        frozenset(int(each.text or 0) for each in codes),
    )


def _origin(element: Element) -> OriginSettings:
    is_enabled = _text(element, "OriginShield/{*}Enabled") == "true"
    return OriginSettings(
        int(_text(element, "ConnectionAttempts") or ATTEMPTS),
        _text(element, "OriginShield/{*}OriginShieldRegion") if is_enabled else "",
    )


def _error(element: Element) -> tuple[int, float]:
    """Return a status and its minimum TTL, which an empty element leaves at the default."""
    seconds = _text(element, "ErrorCachingMinTTL")
    return int(_text(element, "ErrorCode")), float(seconds) if seconds else ERROR_SECONDS


def _methods(root: Element) -> Iterator[tuple[str | None, frozenset[str]]]:
    for default in root.iterfind("{*}DefaultCacheBehavior"):
        yield None, _cached_methods(default)
    for behaviour in _items(root, "CacheBehaviors"):
        yield _text(behaviour, "PathPattern"), _cached_methods(behaviour)


def _cached_methods(behaviour: Element) -> frozenset[str]:
    listed = behaviour.iterfind("{*}AllowedMethods/{*}CachedMethods/{*}Items/{*}Method")
    return frozenset(each.text or "" for each in listed) | {"GET", "HEAD"}


def _items(element: Element, name: str) -> Iterator[Element]:
    for items in element.iterfind(f"{{*}}{name}/{{*}}Items"):
        yield from items


def _text(element: Element, path: str) -> str:
    return (element.findtext(f"{{*}}{path}") or "").strip()
