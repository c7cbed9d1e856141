"""Makes sure that what is uploaded goes to the lane that was asked for."""

from collections.abc import Iterable

from scripts.pixfleet.stack.ssm_parameter import Lane, Stack
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import Misconfigured


def require_lane(stack: Stack, lane: str, key_prefix: str, keys: Iterable[str]) -> Lane:
    """Return the lane of this name; `Misconfigured` unless S3 sends it the events of all keys.

    A key's lane is decided by its prefix, in the rules of EventBridge that Terraform writes. An
    upload cannot choose another one.
    """
    if lane not in stack.lanes:
        known = ", ".join(sorted(stack.lanes))
        raise Misconfigured("Nothing was uploaded", [f"expected --lane {known}, got {lane!r}"])
    for key in keys:
        if stack.lane_of(key) != lane:
            raise _of_another_lane(stack, lane, key_prefix, key)
    return stack.lanes[lane]


def _of_another_lane(stack: Stack, lane: str, key_prefix: str, key: str) -> Misconfigured:
    prefixes = stack.lanes[lane].prefixes
    known = f", or a --prefix that begins with {' or '.join(map(quoted, prefixes))}"
    remedy = (
        f"add {quoted(key_prefix or key)} to lanes.{lane}.prefixes in Terraform and apply first"
        if lane != "live"
        else "use a --prefix that no other lane has"
    )
    return Misconfigured(
        "Nothing was uploaded",
        [
            (
                f"expected keys whose events go to the lane {lane}, got {quoted(key)} of the lane "
                f"{stack.lane_of(key)}: {remedy}{known if prefixes else ''}"
            )
        ],
    )
