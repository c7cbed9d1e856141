"""Giants through a small lane and its larger one, with real children that have the lanes' memory.

A push makes them a hundred times smaller, and their lanes as well; a nightly run makes an AVIF of
100 megapixels, a TIFF of 400 and a PNG of 900, for lanes as in `terraform/examples/complete`.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.events.sqs import from_receive
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Failure, TooManyPixels
from shared.model.limits import MEBIBYTE, Limits
from shared.model.outcome import Outcome
from tests.functional.conftest import LIVE, RECIPES, World
from tests.support.size import SIZE
from worker.batch import Consumer
from worker.forward import Forward

pytestmark = [pytest.mark.functional, pytest.mark.timeout(3000)]

# A queue that the policies which the calls are checked against have.
LARGE = "pixfleet-bulk"
# libvips runs in a process of its own, as in a worker: this one calls AWS.
MAKE = """
import sys
import pyvips

path, side, bits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if bits == 1:
    pyvips.Image.black(side, side).pngsave(path, bitdepth=1, compression=1)
    sys.exit()
xy = pyvips.Image.xyz(side, side)
red, green = xy[0] * (255 / side), xy[1] * (255 / side)
image = red.bandjoin([green, (red + green) / 2]).cast("uchar").copy(interpretation="srgb")
options = {
    ".avif": {"Q": 40, "effort": 0, "compression": "av1"},
    ".png": {"compression": 1, "filter": "sub"},
    ".tif": {"compression": "deflate", "predictor": "horizontal"},
}
image.write_to_file(path, **options[path[path.rindex("."):]])
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides of the pictures in pixels, and the limits of both lanes."""

    avif: int
    tiff: int
    png: int
    beyond: int
    small: Limits
    large: Limits


FULL = Sides(
    10_000,
    20_000,
    30_000,
    33_000,
    Limits(),
    # As Terraform derives them of 8,192 MB.
    Limits(max_pixels=1_000_000_000, memory_bytes=7_682 * MEBIBYTE),
)
SCALED = Sides(
    1_000,
    2_000,
    3_000,
    3_300,
    Limits(max_pixels=1_000_000, memory_bytes=160 * MEBIBYTE),
    Limits(max_pixels=10_000_000, memory_bytes=250 * MEBIBYTE),
)
SIDES = FULL if SIZE.is_long else SCALED
GIANTS = {"giant.avif": SIDES.avif, "giant.tif": SIDES.tiff, "giant.png": SIDES.png}


def made(name: str, side: int, folder: Path, *, bits: int = 8) -> bytes:
    path = folder / name
    subprocess.run([sys.executable, "-c", MAKE, str(path), str(side), str(bits)], check=True)
    data = path.read_bytes()
    path.unlink()
    return data


class Lanes:
    """The worker of the lane `live` and that of its larger lane, each with its own child."""

    def __init__(self, make_world: Callable[..., World]) -> None:
        recipes = recipes_document() if SIZE.is_long else RECIPES
        self.pools = [RenderPool(1, SIDES.small), RenderPool(1, SIDES.large)]
        self.live = make_world(recipes, PIXFLEET_LARGER_LANES=f"live={LARGE}")
        self.large = make_world(recipes, PIXFLEET_RENDER_SECONDS="840")
        self.live.clients.sqs.create_queue(QueueName=LARGE)
        limits = (SIDES.small, SIDES.large)
        for world, pool, each in zip((self.live, self.large), self.pools, limits, strict=True):
            settings = replace(world.context.settings, limits=each)
            world.context = replace(world.context, settings=settings, render_pool=pool)
            world.consumer = Consumer(world.context)

    def run(self, key: str) -> tuple[object, object]:
        """Return how both lanes ended with a key."""
        self.live.send(self.live.event(key))
        return self._work_off(self.live, LIVE), self._work_off(self.large, LARGE)

    def _work_off(self, world: World, queue: str) -> object:
        (raw,) = world.context.queues.receive(queue, wait_seconds=0, hide_seconds=900)
        (result,) = world.consumer.consume([from_receive(raw, queue)], world.deadline(900))
        assert result.is_acknowledged, result
        world.context.queues.acknowledge(queue, [raw["ReceiptHandle"]])
        return result.outcome


@pytest.fixture(name="lanes")
def _lanes(make_world: Callable[..., World]) -> Iterator[Lanes]:
    lanes = Lanes(make_world)
    yield lanes
    for pool in lanes.pools:
        pool.close()


@pytest.mark.parametrize("key", GIANTS)
def test_a_giant_is_published_by_the_larger_lane(lanes: Lanes, key: str, tmp_path: Path) -> None:
    lanes.live.drop(key, made(key, GIANTS[key], tmp_path))

    first, second = lanes.run(key)

    assert isinstance(first, Forward)
    assert second is Outcome.MADE
    source = lanes.live.manifest(key)["source"]
    assert (source["width"], source["height"]) == (GIANTS[key], GIANTS[key])
    assert lanes.live.ledger.read(key).forwarded_from == "live"


def test_what_is_over_the_limits_of_the_largest_lane_is_refused_and_the_limit_is_named(
    lanes: Lanes, tmp_path: Path
) -> None:
    lanes.live.drop("beyond.png", made("beyond.png", SIDES.beyond, tmp_path, bits=1))

    _, refused = lanes.run("beyond.png")

    assert isinstance(refused, Failure)
    assert isinstance(refused, TooManyPixels)
    side, most = SIDES.beyond, SIDES.large.max_pixels
    assert refused.detail == (
        f"Expected at most {most} pixels, got {side}x{side}. "
        "Raise max_pixels of lane bulk (PIXFLEET_MAX_PIXELS), or give it a larger lane."
    )
