"""What a test may ask of the running edge and change in it: `/_pixfleet/edge` on MiniStack's port.

The browser's port does not have it.
"""

import json
from dataclasses import asdict, replace

from scripts.local.edge.edge import Edge

PATH = "/_pixfleet/edge"
OK, BAD_REQUEST = 200, 400
Reply = tuple[int, dict[str, object]]


def control(edge: Edge, url: str, method: str, body: bytes) -> Reply:
    """Answer a request: GET describes the edge, POST also changes what its JSON document names.

    `advance_seconds` puts the clock forward, `assumptions` replaces some, `evict_all` empties
    every cache, `failing` are the statuses with which origins answer from now on, by their ids.
    """
    if method == "POST":
        try:
            _change(edge, json.loads(body))
        except (AttributeError, TypeError, ValueError) as wrong:
            return BAD_REQUEST, {"error": f"Expected a document of changes: {wrong}"}
    elif method != "GET":
        return BAD_REQUEST, {"error": "Expected GET or POST."}
    return OK, _description(edge, url)


def _change(edge: Edge, changes: dict[str, object]) -> None:
    known = {"advance_seconds", "assumptions", "evict_all", "failing"}
    if unknown := changes.keys() - known:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    assumptions = changes.get("assumptions", {})
    if not isinstance(assumptions, dict):
        raise TypeError("assumptions is no object")
    changed = replace(edge.assumptions, **assumptions)
    seconds = changes.get("advance_seconds", 0)
    if not isinstance(seconds, int | float):
        raise TypeError("advance_seconds is no number")
    failing = changes.get("failing", edge.failing)
    if not isinstance(failing, dict) or not all(
        isinstance(each, int) for each in failing.values()
    ):
        raise TypeError("failing is no object of statuses")
    edge.clock.advance(seconds)
    edge.failing = failing
    edge.assumptions = changed
    if changes.get("evict_all"):
        edge.evict_all()


def _description(edge: Edge, url: str) -> dict[str, object]:
    tiers = {"location": edge.location} | {
        f"shield {region}": tier for region, tier in edge.shields.items()
    }
    return {
        "url": url,
        "now": edge.clock(),
        "origin_requests": edge.origin_requests.total(),
        "requests_by_origin": dict(edge.origin_requests),
        "cached": {name: len(tier.store) for name, tier in tiers.items()},
        "assumptions": asdict(edge.assumptions),
    }
