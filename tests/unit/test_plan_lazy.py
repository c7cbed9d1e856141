"""What lazy files save, as `pixfleet plan` estimates it."""

from dataclasses import replace

import pytest

from scripts.pixfleet.plan.lazy import LazyEstimate, LazyFile, LazyTrial, estimate_lazy
from scripts.pixfleet.pricing.first_requests import (
    READERS,
    first_request_dollars,
    lazy_storage_dollars_a_month,
    share_asked_for,
    shares_of_requests,
)
from scripts.pixfleet.pricing.prices import MILLION
from scripts.pixfleet.pricing.rendering import render_dollars, storage_dollars_a_month
from shared.model.recipe import Recipe, Slot, Variant

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot

WEBP_RUNG = LazyFile("w640", WEBP, size_bytes=43_000, cpu_seconds=0.14, share=0.014 / 6)
# The default recipe's figures for a source of 24 megapixels.
TRIAL = LazyTrial(15, 1.52, upload_cpu_seconds=0.98, files=(WEBP_RUNG,) * 6)


def estimated(trial: LazyTrial = TRIAL, requests: float = 100) -> LazyEstimate:
    found = estimate_lazy([trial], requests, "arm64")
    assert found is not None
    return found


@pytest.mark.parametrize("cpu_seconds", [0.10, 0.37])
def test_a_million_first_requests_cost_about_twenty_dollars(cpu_seconds: float) -> None:
    assert 17 < first_request_dollars(cpu_seconds) * MILLION < 27


@pytest.mark.parametrize(
    ("slots", "shares"),
    [
        ((AVIF, WEBP, FALLBACK), {AVIF: 0.95, WEBP: 0.014, FALLBACK: 0.036}),
        ((AVIF, WEBP), {AVIF: 0.95, WEBP: 0.05}),
        ((WEBP, FALLBACK), {WEBP: 0.964, FALLBACK: 0.036}),
        ((AVIF, FALLBACK), {AVIF: 0.95, FALLBACK: 0.05}),
        ((FALLBACK,), {FALLBACK: 1}),
        ((AVIF,), {AVIF: 1}),
    ],
)
def test_readers_get_the_best_slot_that_they_take(
    slots: tuple[Slot, ...], shares: dict[Slot, float]
) -> None:
    found = shares_of_requests(Recipe("any", (Variant("thumb", slots),)))

    assert found == pytest.approx({("thumb", slot): share for slot, share in shares.items()})


def test_the_rungs_with_a_slot_share_its_requests() -> None:
    rungs = [Variant(f"w{width}", (AVIF, WEBP), width=width) for width in (320, 640, 960)]
    rungs[1] = replace(rungs[1], slots=(AVIF, WEBP, FALLBACK))

    found = shares_of_requests(Recipe("any", (*rungs, Variant("thumb", (WEBP,)))))

    assert found["w320", WEBP] == pytest.approx(0.014 / 4)
    assert found["w640", FALLBACK] == pytest.approx(0.036 * 3 / 4)
    assert found["thumb", WEBP] == pytest.approx(1 / 4)
    assert sum(found.values()) == pytest.approx(sum(READERS.values())) == pytest.approx(1)


def test_more_requests_ask_for_more_files_but_never_for_more_than_all() -> None:
    shares = [share_asked_for(requests, 0.014 / 6) for requests in (0, 1, 100, 1_000, 1e9)]

    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.014 / 6, rel=0.01)
    assert shares[-1] == 1


def test_a_lazy_object_costs_its_tag_too() -> None:
    tagged, plain = lazy_storage_dollars_a_month(0), storage_dollars_a_month(0)

    assert (tagged - plain) * MILLION == pytest.approx(1)


def test_files_that_nobody_asks_for_save_their_encodes_their_objects_and_their_storage() -> None:
    never, *_ = estimated(requests=0).costs

    upload = render_dollars(1.52, 16) - render_dollars(0.98, 10)
    kept = 12 * storage_dollars_a_month(6 * 43_000)
    assert never.saved_dollars == pytest.approx(MILLION * (upload + kept))
    assert (never.asked_for, never.made_dollars) == (0, 0)


def test_lazy_costs_as_much_as_eager_at_the_break_even() -> None:
    estimate = estimated()

    never, always = (estimated(requests=each).costs[0] for each in (0, 1e9))
    assert 0.3 < estimate.break_even < 0.8
    assert estimate.break_even * always.made_dollars == pytest.approx(never.unmade_dollars)


def test_lazy_loses_where_everything_is_asked_for() -> None:
    popular = replace(TRIAL, files=tuple(replace(each, share=0.15) for each in TRIAL.files))

    costs = estimated(popular, requests=1_000).costs

    assert [each.requests for each in costs] == [100, 1_000, 10_000]
    assert costs[1].asked_for > 0.99
    assert costs[1].saved_dollars < 0


def test_files_are_counted_for_the_mean_source() -> None:
    estimate = estimate_lazy([TRIAL, replace(TRIAL, files=TRIAL.files[:4])], 100, "arm64")

    assert estimate is not None
    assert (estimate.files, estimate.all_files) == (5, 15)
    assert estimate.document()["lazy_files"] == 5


def test_there_is_no_estimate_without_lazy_files() -> None:
    assert estimate_lazy([], 100, "arm64") is None
