"""Renders some sources again and compares the variants with the stored ones, byte for byte.

An object's metadata names its source, but does not prove that the pixels are of that source.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.render_pool import RenderPool
from shared.model.keys import stored_key
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from tests.e2e.fleet import Fleet
from tests.soak.check import KeyState, Step

MAX_KEYS = 200
TIMEOUT_SECONDS = 60.0


def keys_with_other_pixels(
    fleet: Fleet, states: Mapping[str, KeyState], recipe: Recipe, step: Step
) -> Sequence[str]:
    """Return the keys with a differing variant; up to 200 keys, evenly spread, are compared."""
    complete = [key for key, each in states.items() if each.manifest and each.stored]
    some = complete[:: max(1, -(-len(complete) // MAX_KEYS))]
    other = []
    with closing(RenderPool(1, Limits())) as render_pool:
        for done, key in enumerate(some, 1):
            with render_pool.child(wait_seconds=TIMEOUT_SECONDS) as child:
                if not _is_same(fleet, child, key, recipe):
                    other.append(key)
            step(done, len(some))
    return other


def _is_same(fleet: Fleet, child: RenderChild, key: str, recipe: Recipe) -> bool:
    data = _read(fleet, fleet.stack.sources_bucket, key)
    job = Job(recipe.without_keys(), Limits())
    is_same = True
    for reply in child.render(data, job, time_limit_seconds=TIMEOUT_SECONDS):
        if isinstance(reply, DoneFrame):
            break
        frame, made = reply
        for variant in frame.variants:
            key_of_variant = stored_key(key, f"{variant}.{frame.slot}")
            is_same &= _read(fleet, fleet.stack.variants_bucket, key_of_variant) == made
    return is_same


def _read(fleet: Fleet, bucket: str, key: str) -> bytes:
    """Return an object's bytes; empty if there is no object."""
    s3 = fleet.clients.s3
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return b""
