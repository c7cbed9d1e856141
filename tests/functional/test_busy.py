"""The benchmark of `busy` must measure the worker, and know idle from rendering."""

import pytest

from tests.bench.busy import BATCH, batches
from tests.bench.busy_watch import Batch, Span
from tests.bench.problem import CannotBench
from tests.bench.recipes import default_recipe, shipped_recipe
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

# The shares are counted by eye: two children for ten seconds, three images.
SPANS = (
    Span(child=1, began=101.0, ended=105.0, cpu_seconds=3.5, held_up_seconds=0.0),
    Span(child=1, began=106.0, ended=109.0, cpu_seconds=2.5, held_up_seconds=0.5),
    Span(child=2, began=100.0, ended=104.0, cpu_seconds=4.0, held_up_seconds=0.0),
)


def batch(spans: tuple[Span, ...] = SPANS) -> Batch:
    return Batch(
        children=2,
        began=100.0,
        seconds=10.0,
        spans=spans,
        parent_seconds=1.0,
        others_cores=0.0,
        log_bytes=300,
        calls={},
        item_bytes=0,
        stored_bytes=0,
    )


def test_idle_is_before_between_after_and_held_up() -> None:
    figures = batch().figures()

    # Child 1 waits three times for 1 s and is held up for half a second; child 2 waits for 6 s.
    assert figures["busy"] == pytest.approx(10 / (10 + 1 + 1 + 1 + 6 + 0.5))
    assert figures["busy_one_core"] == pytest.approx(10 / (10 + 9.5 + 1))
    assert figures["busy_strict"] == pytest.approx(10 / 20)
    assert figures["idle_before_first"] == pytest.approx(1 / 19.5)
    assert figures["idle_between"] == pytest.approx(1 / 19.5)
    assert figures["idle_after_last"] == pytest.approx(7 / 19.5)


def test_a_child_that_never_had_an_image_was_idle_all_the_time() -> None:
    figures = batch(SPANS[:2]).figures()

    assert figures["busy"] == pytest.approx(6 / (6 + 3 + 0.5 + 10))


def test_a_batch_goes_through_the_whole_worker_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-is-not-there")

    (made,) = batches([jpeg()], children=1, rounds=1)

    objects = len(default_recipe().stored_names()) + 1
    assert made.calls == {
        "GetItem": BATCH,
        "HeadObject": BATCH,
        "GetObject": BATCH,
        "PutObject": BATCH * objects,
        "UpdateItem": 2 * BATCH,
    }
    assert len(made.spans) == BATCH
    assert 0 < made.figures()["busy"] < 1
    assert made.item_bytes > 300
    assert made.log_bytes > 1000


def test_lazy_files_are_not_made_where_there_is_a_renderer() -> None:
    (made,) = batches([jpeg((2000, 1200))], children=1, rounds=1, on_demand=True)

    eager = len(shipped_recipe().eager_names())
    assert eager < len(shipped_recipe().stored_names())
    assert made.calls["PutObject"] == BATCH * (eager + 1)


def test_a_picture_that_is_refused_is_no_figure() -> None:
    with pytest.raises(CannotBench):
        batches([truncated_jpeg()], children=1, rounds=1)
