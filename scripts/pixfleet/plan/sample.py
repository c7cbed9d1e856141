"""Counts what would change for the keys of a listing, and draws a sample in constant memory."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from scripts.pixfleet.plan.changes import RENDERED, TRIED, Effect

# The same listing gives the same sample, so that two drafts of recipes are tried on the same
# sources.
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Sample:
    """How many keys were listed, the effect on them, and some of the keys that would be rendered.

    `is_whole` means that the listing was read to its end.
    """

    listed: int
    is_whole: bool
    counts: Counter[Effect]
    keys: tuple[str, ...]

    @property
    def to_render(self) -> int:
        """Return how many of the listed sources would be rendered."""
        return sum(self.counts[effect] for effect in RENDERED)

    @property
    def to_try(self) -> int:
        """Return the number of listed sources that the sample is drawn from."""
        return sum(self.counts[effect] for effect in TRIED)


def draw_sample(
    keys: Iterable[str],
    effect_of: Callable[[str], Effect],
    *,
    size: int,
    max_keys: int,
    on_listed: Callable[[int], None] = lambda _: None,
) -> Sample:
    """Return a sample of the first `max_keys` keys.

    By reservoir sampling, each key on which recipes are tried has the same chance to be one of the
    `size` sampled keys. `on_listed` gets the number of keys listed so far.
    """
    random = Random(SEED)  # noqa: S311 - a sample, no secret
    counts: Counter[Effect] = Counter()
    drawn: list[str] = []
    to_try, listed, is_whole = 0, 0, True
    for key in keys:
        if listed == max_keys:
            is_whole = False
            break
        listed += 1
        on_listed(listed)
        effect = effect_of(key)
        counts[effect] += 1
        if effect not in TRIED:
            continue
        to_try += 1
        if len(drawn) < size:
            drawn.append(key)
        elif (index := random.randrange(to_try)) < size:
            drawn[index] = key
    return Sample(listed, is_whole, counts, tuple(sorted(drawn)))
