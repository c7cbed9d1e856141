"""Gives MiniStack's invalidations limits, a status and an effect.

MiniStack 1.5.33 accepts every invalidation, says that it is completed, and evicts nothing.
"""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from scripts.local.edge.edge import Edge
from scripts.local.edge.invalidation import Refusal

Answer = tuple[int, dict[str, str], bytes]
CREATED, BAD_REQUEST = 201, 400


def use_invalidations(cloudfront: Any, edge: Edge) -> None:  # noqa: ANN401 - MiniStack's module
    """Replace functions of MiniStack's module `cloudfront`."""
    cloudfront._create_invalidation = evicting(cloudfront._create_invalidation, cloudfront, edge)  # noqa: SLF001
    cloudfront._build_invalidation_xml = with_status(cloudfront._build_invalidation_xml, edge)  # noqa: SLF001
    cloudfront._list_invalidations = with_statuses(  # noqa: SLF001
        cloudfront._list_invalidations,  # noqa: SLF001
        edge,
        lambda distribution: cloudfront._invalidations.get(distribution, []),  # noqa: SLF001
    )


def evicting(
    create: Callable[[str, bytes], Answer],
    cloudfront: Any,  # noqa: ANN401
    edge: Edge,
) -> Callable[[str, bytes], Answer]:
    """Return a CreateInvalidation that has limits, and evicts."""

    def refused(refusal: Refusal) -> Answer:
        answer: Answer = cloudfront._error(refusal.code, refusal.message, BAD_REQUEST)  # noqa: SLF001
        return answer

    def is_new(distribution: str, reference: str | None) -> bool:
        """Return whether a request does not repeat an earlier one, which counts once."""
        earlier = cloudfront._invalidations.get(distribution, [])  # noqa: SLF001
        return distribution in cloudfront._distributions and all(  # noqa: SLF001
            each["InvalidationBatch"]["CallerReference"] != reference for each in earlier
        )

    def created(distribution: str, body: bytes) -> Answer:
        if (refusal := edge.invalidations.throttle()) is not None:
            return refused(refusal)
        batch = _parsed(body)
        if batch is None or not is_new(distribution, batch.findtext("{*}CallerReference")):
            return create(distribution, body)
        paths = [each.text or "" for each in batch.iterfind("{*}Paths/{*}Items/{*}Path")]
        if (refusal := edge.invalidations.refuse(distribution, paths)) is not None:
            return refused(refusal)
        status, headers, page = create(distribution, body)
        if status == CREATED:
            edge.invalidate(headers["Location"].rpartition("/")[2], distribution, paths)
        return status, headers, page

    return created


def with_status(build: Callable[..., None], edge: Edge) -> Callable[..., None]:
    """Return a builder of an invalidation's XML that knows whether it is in progress."""

    def built(parent: object, invalidation: dict[str, Any]) -> None:
        invalidation["Status"] = edge.invalidations.status(invalidation["Id"])
        build(parent, invalidation)

    return built


def with_statuses(
    listed: Callable[[str], Answer], edge: Edge, known: Callable[[str], list[dict[str, Any]]]
) -> Callable[[str], Answer]:
    """Return a ListInvalidations that knows which invalidations are in progress."""

    def with_current(distribution: str) -> Answer:
        for each in known(distribution):
            each["Status"] = edge.invalidations.status(each["Id"])
        return listed(distribution)

    return with_current


def _parsed(body: bytes) -> Element | None:
    try:
        return fromstring(body)  # noqa: S314 - from a client of the local AWS
    except ParseError:
        return None
