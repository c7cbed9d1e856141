"""Makes some of the variants again: what is stored must be that file, byte for byte.

An object's own word for its source does not show that another image's pixels are in it.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing

from shared.imaging.child_process import RenderChild
from shared.imaging.frames import DoneFrame, Job
from shared.imaging.render_pool import RenderPool
from shared.model.keys import stored_key
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from tests.e2e.fleet import Fleet
from tests.soak.verdict import Seen, Step

MOST_KEYS = 200
PATIENCE_SECONDS = 60.0


def keys_with_other_pixels(
    fleet: Fleet, seen: Mapping[str, Seen], recipe: Recipe, step: Step
) -> Sequence[str]:
    """Return the keys, of at most 200 from first to last, of which a variant is another file."""
    whole = [key for key, each in seen.items() if each.manifest and each.stored]
    some = whole[:: max(1, -(-len(whole) // MOST_KEYS))]
    other = []
    with closing(RenderPool(1, Limits())) as render_pool:
        for done, key in enumerate(some, 1):
            with render_pool.child(wait_seconds=PATIENCE_SECONDS) as child:
                if not _is_same(fleet, child, key, recipe):
                    other.append(key)
            step(done, len(some))
    return other


def _is_same(fleet: Fleet, child: RenderChild, key: str, recipe: Recipe) -> bool:
    data = _read(fleet, fleet.stack.sources_bucket, key)
    job = Job(recipe.without_keys(), Limits())
    is_same = True
    for reply in child.render(data, job, time_limit_seconds=PATIENCE_SECONDS):
        if isinstance(reply, DoneFrame):
            break
        frame, made = reply
        for variant in frame.variants:
            place = stored_key(key, f"{variant}.{frame.slot}")
            is_same &= _read(fleet, fleet.stack.variants_bucket, place) == made
    return is_same


def _read(fleet: Fleet, bucket: str, key: str) -> bytes:
    """Return an object's bytes, none where there is none."""
    s3 = fleet.clients.s3
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return b""
