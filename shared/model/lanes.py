"""Lanes by size: which failures a lane with more memory and time may not have.

A lane may name a larger lane, which gets what its own render child cannot hold or finish. Only a
lane without a larger one rejects such a source.
"""

from collections.abc import Mapping

from shared.model.errors import (
    DecodeTimeout,
    Failure,
    TooCostly,
    TooManyBytes,
    TooManyPixels,
)

# The message attribute of a forwarded message: the names of the lanes that it has been on.
FORWARDED_FROM = "forwarded_from"
MAX_LANES = 10
# At these stages of a render a limit is exceeded that no setting changes.
FIXED_LIMITS = ("probe", "encode")

# The setting of a lane that would accept a source, and the worker's variable for it. All lanes
# have the same limit of bytes, because the renderer and the API have it, too.
_OF_ALL_LANES = TooManyBytes
_SETTINGS: Mapping[type[Failure], tuple[str, str]] = {
    _OF_ALL_LANES: ("max_bytes", "PIXFLEET_MAX_BYTES"),
    TooCostly: ("memory_mb", "PIXFLEET_CHILD_MEMORY_MB"),
    TooManyPixels: ("max_pixels", "PIXFLEET_MAX_PIXELS"),
    DecodeTimeout: ("timeout_seconds", "PIXFLEET_RENDER_SECONDS"),
}


def lane_of_queue(queue: str) -> str:
    """Return the last word of a queue's name, which is its lane: `live` of `pixfleet-live`."""
    return queue.rpartition("-")[2]


def exceeds_lane(failure: Failure) -> bool:
    """Return whether a final failure is due to a limit that a larger lane may not have."""
    is_of_lane = _setting(failure) is not None and not isinstance(failure, _OF_ALL_LANES)
    return failure.is_permanent and is_of_lane


def remedy(failure: Failure, lane: str) -> str:
    """Return what to set so that the largest lane accepts the source; empty for other failures."""
    setting = _setting(failure)
    if setting is None:
        return ""
    name, variable = setting
    if isinstance(failure, _OF_ALL_LANES):
        return f"Raise {name} ({variable})."
    of_lane = f" of lane {lane}" if lane else ""
    return f"Raise {name}{of_lane} ({variable}), or give it a larger lane."


def forwarded_from(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the lanes that a forwarded message has been on, in order; empty for others."""
    lanes = attributes.get(FORWARDED_FROM, "").split(",")[:MAX_LANES]
    return tuple(filter(None, lanes))


def _setting(failure: Failure) -> tuple[str, str] | None:
    return None if failure.stage in FIXED_LIMITS else _SETTINGS.get(type(failure))
