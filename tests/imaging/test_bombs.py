from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.imaging.child_handle import RenderChild
from shared.model.limits import MEBIBYTE
from tests.imaging.children import rendered
from tests.support import images
from tests.support.bombs import BOMBS, Bomb, Work, warm_child, work

pytestmark = pytest.mark.imaging

# A refusal takes no more memory than this, and no more CPU than one large photograph, which takes
# about 60 ms of an ordinary core where a bomb's header takes 1 ms. The slowest refusal counts
# 4 million parts, and takes a third of that.
MOST_GROWN_BYTES = 60 * MEBIBYTE
PHOTO_SIZE = (4000, 3000)
TRIES = 3

REFUSED = {name: bomb for name, bomb in BOMBS.items() if bomb.cause}
RENDERED = {name: bomb for name, bomb in BOMBS.items() if not bomb.cause}


@dataclass(frozen=True, slots=True)
class Bench:
    """A child that refuses one bomb after the other, and the CPU of a photograph in it."""

    child: RenderChild
    photo_seconds: float


@pytest.fixture(name="bench", scope="module")
def _bench() -> Iterator[Bench]:
    child = warm_child()
    yield Bench(child, cheapest(child, images.jpeg(PHOTO_SIZE)).cpu_seconds)
    child.stop()


def cheapest(child: RenderChild, source: bytes) -> Work:
    """Return the least work measured for a source: other processes can only add to it."""
    return min((work(child, source) for _ in range(TRIES)), key=lambda found: found.cpu_seconds)


@pytest.mark.parametrize("bomb", REFUSED.values(), ids=REFUSED.keys())
def test_a_bomb_is_refused_before_it_costs_more_than_one_photo(bench: Bench, bomb: Bomb) -> None:
    found = cheapest(bench.child, bomb.make())

    assert found.failure
    assert found.failure.cause is bomb.cause
    assert found.failure.stage in {"sniff", "probe", "admit"}
    assert found.grown_bytes <= MOST_GROWN_BYTES
    assert found.cpu_seconds <= bench.photo_seconds
    assert bench.child.is_alive()


@pytest.mark.parametrize("bomb", RENDERED.values(), ids=RENDERED.keys())
def test_a_bomb_that_fits_is_rendered_and_so_is_the_next_image(bench: Bench, bomb: Bomb) -> None:
    rendered(bench.child, bomb.make())

    assert rendered(bench.child, images.png()).facts.format == "png"
