"""A sample of sources: each is as likely, and the interval holds what it promises."""

from collections import Counter
from random import Random

import pytest

from scripts.pixfleet.verify.sample import Share, choose

pytestmark = pytest.mark.unit

SEED = 21


def seeded() -> Random:
    return Random(SEED)  # noqa: S311 - statistics


def test_every_item_is_as_likely() -> None:
    random = seeded()
    found = Counter(item for _ in range(4000) for item in choose(range(20), 5, random)[0])

    assert set(found) == set(range(20))
    assert all(850 < count < 1150 for count in found.values())


@pytest.mark.parametrize(("size", "count"), [(5, 0), (5, 3), (5, 5), (5, 6)])
def test_a_sample_has_no_item_twice_and_counts_all(size: int, count: int) -> None:
    chosen, total = choose(range(count), size, seeded())

    assert total == count
    assert len(set(chosen)) == len(chosen) == min(size, count)


@pytest.mark.parametrize(
    ("sampled", "differing", "low", "high"),
    # Wilson's interval computed with the formula in another form, n + z^2 as the denominator.
    [
        (1000, 0, 0.0, 0.003827),
        (1000, 3, 0.001021, 0.008783),
        (100, 50, 0.403832, 0.596168),
        (100, 100, 0.963005, 1.0),
    ],
)
def test_the_interval_is_wilsons(sampled: int, differing: int, low: float, high: float) -> None:
    share = Share.of(1_000_000, sampled, differing)

    assert share.low == pytest.approx(low, abs=2e-6)
    assert share.high == pytest.approx(high, abs=2e-6)


@pytest.mark.parametrize("true_share", [0.01, 0.2])
def test_the_interval_has_the_true_share_nearly_always(true_share: float) -> None:
    random = seeded()
    shares = (
        Share.of(10**6, 500, sum(random.random() < true_share for _ in range(500)))
        for _ in range(400)
    )

    assert sum(each.low <= true_share <= each.high for each in shares) >= 0.92 * 400


def test_a_sample_of_all_sources_is_exact() -> None:
    share = Share.of(8, 8, 2)

    assert (share.low, share.high) == (0.25, 0.25)
    assert share.sentence() == "All 8 sources were checked: 2 differ."
    assert Share.of(0, 0, 0).sentence() == "All 0 sources were checked: 0 differ."


def test_the_sentence_has_both_bounds() -> None:
    assert Share.of(1_000_000, 1000, 3).sentence() == (
        "3 of 1,000 sampled sources differ: 0.30%. With 95 % confidence 0.10% to 0.88% of all "
        "1,000,000 sources differ: 1,021 to 8,783."
    )
