from collections.abc import Mapping
from dataclasses import replace

import pytest

from scripts.pixfleet.plan.changes import Effect, RecipeSetChange
from scripts.pixfleet.plan.comparison import FileComparison
from scripts.pixfleet.plan.estimate import (
    Capacity,
    estimate_for,
    mean_files,
    mean_source,
    share_rendered,
)
from scripts.pixfleet.plan.recipe_choice import match_attempts, shadowed
from scripts.pixfleet.plan.report import PlanReport
from scripts.pixfleet.plan.sample import draw_sample
from scripts.pixfleet.plan.source_trial import SourceTrial
from scripts.pixfleet.pricing.rendering import vcpu_seconds
from shared.model.errors import Cause
from shared.model.recipe import RecipeSet, Slot
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.unit


def read(*recipes: Mapping[str, object]) -> RecipeSet:
    return read_recipes(recipe_document(*recipes))


def file(old: int | None, new: int | None) -> FileComparison:
    return FileComparison("w640", Slot.WEBP, old, new, is_same=old == new)


def trial(*files: FileComparison) -> SourceTrial:
    return SourceTrial("cat.jpg", Effect.CHANGED, "plain", 1.0, 3.0, files=files)


BOTH = ["below", "above"]
REFUSED = SourceTrial("dog.jpg", Effect.CHANGED, "plain", new_refused=Cause.TOO_COSTLY)


@pytest.mark.parametrize(
    ("key", "override", "effect"),
    [
        pytest.param("a/cat.jpg", None, Effect.CHANGED, id="another width"),
        pytest.param("b/cat.jpg", None, Effect.SAME, id="the same under another name"),
        pytest.param("c/cat.jpg", None, Effect.NEW, id="matched for the first time"),
        pytest.param("d/cat.jpg", None, Effect.ENDS, id="no longer matched"),
        pytest.param("e/cat.jpg", None, Effect.NONE, id="never matched"),
        pytest.param("a/cat.jpg", "b", Effect.ENDS, id="asks for a removed recipe"),
        pytest.param("e/cat.jpg", "a", Effect.NONE, id="asks, but no recipe matches"),
    ],
)
def test_the_effect_on_a_source(key: str, override: str | None, effect: Effect) -> None:
    old = read(
        *(recipe(name=name, match={"prefix": f"{name}/"}) for name in ("a", "b", "d")),
    )
    new = read(
        recipe(name="a", match={"prefix": "a/"}, variants=[variant(width=99)]),
        recipe(name="other", match={"prefix": "b/"}),
        recipe(name="c", match={"prefix": "c/"}),
    )

    assert RecipeSetChange(old, new).pair(key, override).effect is effect


def test_the_change_of_each_recipe_is_listed() -> None:
    old = read(recipe(name="a"), recipe(name="b"), recipe(name="gone"))
    new = read(recipe(name="b"), recipe(name="a", background="#ffffff", match={"prefix": "a/"}))

    changes = {each.name: each.summary for each in RecipeSetChange(old, new).changes()}

    assert changes == {"b": "as it was", "a": "changed: background, match", "gone": "removed"}


LADDER = {"widths": [320, 640], "formats": ["avif", "webp"]}
EAGER, LAZY = (
    recipe(name="a", variants=[each]) for each in (LADDER, {**LADDER, "lazy": ["webp"]})
)


def test_a_source_keeps_what_its_recipe_now_makes_lazily() -> None:
    change = RecipeSetChange(read(EAGER), read(LAZY))

    assert change.pair("cat.jpg").effect is Effect.LAZIER
    assert not change.is_equivalent()
    assert [each.summary for each in change.changes()] == ["changed: lazy"]


def test_a_source_is_made_again_if_a_lazy_file_is_made_at_upload_now() -> None:
    swapped = recipe(name="a", variants=[{**LADDER, "lazy": ["avif"]}])

    assert RecipeSetChange(read(LAZY), read(EAGER)).pair("cat.jpg").effect is Effect.CHANGED
    assert RecipeSetChange(read(LAZY), read(swapped)).pair("cat.jpg").effect is Effect.CHANGED
    assert RecipeSetChange(read(LAZY), read(LAZY)).pair("cat.jpg").effect is Effect.SAME


def test_the_change_of_a_purge_is_listed_and_renders_nothing() -> None:
    change = RecipeSetChange(read(EAGER), read({**EAGER, "purge": "replace"}))

    assert [each.summary for each in change.changes()] == ["changed: purge"]
    assert change.pair("cat.jpg").effect is Effect.SAME


def test_sources_that_only_get_lazier_are_tried_and_not_counted_as_rendered() -> None:
    sample = draw_sample("abcd", lambda _: Effect.LAZIER, size=2, max_keys=9)
    lazier = [replace(trial(file(5, 5)), effect=Effect.LAZIER)] * 2

    report = PlanReport(
        changes=(),
        is_equivalent=False,
        sample=sample,
        total=4,
        is_counted=True,
        trials=tuple(lazier),
        capacity=Capacity(1, 1),
    )

    assert (sample.to_render, sample.to_try, len(sample.keys)) == (0, 4, 2)
    assert (share_rendered(lazier), report.estimate) == (0, None)
    assert not report.changes_nothing
    assert report.source_means is not None


def test_lazy_files_are_not_stored_at_upload() -> None:
    lazy = replace(file(100, 100), new_lazy=True)

    means = mean_source([trial(file(30, 40), lazy)])

    assert means is not None
    assert (means.old_bytes, means.new_bytes) == (130, 40)
    assert (means.old_objects, means.new_objects) == (2, 1)
    assert [each.is_lazy for each in mean_files([trial(file(30, 40))])] == [False]
    assert [each.is_lazy for each in mean_files([trial(lazy)])] == [True]


def test_the_same_recipes_in_another_order_are_not_equivalent() -> None:
    one, two = recipe(name="a"), recipe(name="b", match={"prefix": "b/"})

    assert not RecipeSetChange(read(one, two), read(two, one)).is_equivalent()


def test_unchanged_sources_are_not_in_the_sample() -> None:
    keys = [f"{at:02}" for at in range(20)]

    sample = draw_sample(
        keys,
        lambda key: Effect.CHANGED if int(key) % 2 else Effect.SAME,
        size=8,
        max_keys=100,
    )

    assert sample.to_render == 10
    assert len(set(sample.keys)) == 8
    assert all(int(key) % 2 for key in sample.keys)


def test_a_sample_is_uniform_and_reproducible() -> None:
    keys = [f"{at:05}" for at in range(10_000)]

    samples = [
        draw_sample(iter(keys), lambda _: Effect.CHANGED, size=20, max_keys=20_000).keys
        for _ in range(2)
    ]

    assert samples[0] == samples[1]
    assert len(set(samples[0])) == 20
    assert 3_000 < sum(map(int, samples[0])) / 20 < 7_000


def test_a_listing_stops_after_max_keys() -> None:
    keys = iter(str(at) for at in range(11))

    sample = draw_sample(keys, lambda _: Effect.SAME, size=5, max_keys=10)

    assert (sample.listed, sample.is_whole, sample.keys) == (10, False, ())
    assert draw_sample("abc", lambda _: Effect.SAME, size=5, max_keys=3).is_whole


def test_means_leave_out_sources_that_a_recipe_refuses() -> None:
    means = mean_source([trial(file(100, 50)), trial(file(300, 250)), REFUSED])

    assert means is not None
    assert (means.sources, means.old_bytes, means.new_bytes) == (2, 200, 150)
    assert share_rendered([trial(file(1, 1)), REFUSED]) == 0.5


def test_a_file_of_one_recipe_only_has_no_bytes_for_the_other() -> None:
    (means,) = mean_files([trial(file(None, 50)), trial(file(None, 70))])

    assert (means.old_bytes, means.new_bytes, means.sources) == (None, 60, 2)


def test_an_estimate_multiplies_the_means_by_the_number_of_sources() -> None:
    means = mean_source([trial(file(2_000_000, 1_000_000))])
    assert means is not None

    estimate = estimate_for(means, 1_000_000, Capacity(environments=10, vcpus=2))

    assert estimate.cpu_hours == pytest.approx(vcpu_seconds(3) * 1_000_000 / 3600)
    assert estimate.hours == pytest.approx(estimate.cpu_hours / 20)
    assert estimate.dollars_a_month == pytest.approx(1_000 * 0.023)
    assert estimate.old_dollars_a_month == pytest.approx(2_000 * 0.023)


def test_sources_that_only_the_new_recipe_refuses_are_reported() -> None:
    keys = ["cat.jpg", "dog.jpg"]
    sample = draw_sample(keys, lambda _: Effect.CHANGED, size=2, max_keys=9)

    report = PlanReport(
        changes=(),
        is_equivalent=False,
        sample=sample,
        total=100,
        is_counted=True,
        trials=(trial(file(9, 8)), REFUSED),
        capacity=Capacity(1, 1),
    )

    assert report.newly_refused == (("dog.jpg", Cause.TOO_COSTLY),)
    assert report.estimate is not None
    assert report.estimate.sources == 50


@pytest.mark.parametrize(
    ("above", "below", "names"),
    [
        pytest.param({}, {}, BOTH, id="all keys"),
        pytest.param({}, {"prefix": "a/"}, BOTH, id="a prefix of all keys"),
        pytest.param({"prefix": "a/"}, {"prefix": "a/b/"}, BOTH, id="a longer prefix"),
        pytest.param({"prefix": "a/b/"}, {"prefix": "a/"}, [], id="a shorter prefix"),
        pytest.param({"suffixes": [".gif"]}, {}, [], id="a suffix of all keys"),
        pytest.param(
            {"suffixes": [".gif", ".png"]}, {"suffixes": [".GIF"]}, BOTH, id="one of two"
        ),
        pytest.param({"suffixes": [".gif"]}, {"suffixes": [".gif", ".x"]}, [], id="one more"),
    ],
)
def test_a_recipe_is_shadowed_if_one_above_matches_all_its_keys(
    above: Mapping[str, object], below: Mapping[str, object], names: list[str]
) -> None:
    found = shadowed(read(recipe(name="above", match=above), recipe(name="below", match=below)))

    assert [name for each in found for name in (each.recipe, each.by)] == names


def test_match_attempts_end_with_the_first_match() -> None:
    three = read(
        recipe(name="a", match={"prefix": "a/"}),
        recipe(name="b", match={"suffixes": [".gif", ".png"]}),
        recipe(name="c"),
        recipe(name="d"),
    )

    attempts = [(each.recipe, each.mismatch) for each in match_attempts(three, "cat.jpg")]

    assert attempts == [
        ("a", "does not begin with a/"),
        ("b", "does not end in .gif, .png"),
        ("c", ""),
    ]
