from collections.abc import Mapping

import pytest

from scripts.pixfleet.plan.changes import Kind, RecipeSetChange
from scripts.pixfleet.plan.comparison import Compared
from scripts.pixfleet.plan.recipe_choice import shadowed, trials
from scripts.pixfleet.plan.report import Report
from scripts.pixfleet.plan.sample import take_census
from scripts.pixfleet.plan.totals import Machines, estimate, means, rows, share_made
from scripts.pixfleet.plan.trial import Trial
from shared.model.errors import Cause
from shared.model.recipe import RecipeSet, Slot
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.unit


def read(*recipes: Mapping[str, object]) -> RecipeSet:
    return read_recipes(recipe_document(*recipes))


def compared(old: int | None, new: int | None) -> Compared:
    return Compared("w640", Slot.WEBP, old, new, is_same=old == new)


def trial(*pairs: Compared) -> Trial:
    return Trial("cat.jpg", Kind.CHANGED, "plain", 1.0, 3.0, compared=pairs)


BOTH = ["below", "above"]
REFUSED = Trial("dog.jpg", Kind.CHANGED, "plain", new_refused=Cause.TOO_COSTLY)


@pytest.mark.parametrize(
    ("key", "asked", "kind"),
    [
        pytest.param("a/cat.jpg", None, Kind.CHANGED, id="another width"),
        pytest.param("b/cat.jpg", None, Kind.SAME, id="the same under another name"),
        pytest.param("c/cat.jpg", None, Kind.NEW, id="matched for the first time"),
        pytest.param("d/cat.jpg", None, Kind.ENDS, id="matched no more"),
        pytest.param("e/cat.jpg", None, Kind.NONE, id="never matched"),
        pytest.param("a/cat.jpg", "b", Kind.ENDS, id="asks for a name that is gone"),
        pytest.param("e/cat.jpg", "a", Kind.NONE, id="asks, but no recipe matches"),
    ],
)
def test_what_becomes_of_a_source(key: str, asked: str | None, kind: Kind) -> None:
    old = read(
        *(recipe(name=name, match={"prefix": f"{name}/"}) for name in ("a", "b", "d")),
    )
    new = read(
        recipe(name="a", match={"prefix": "a/"}, variants=[variant(width=99)]),
        recipe(name="other", match={"prefix": "b/"}),
        recipe(name="c", match={"prefix": "c/"}),
    )

    assert RecipeSetChange(old, new).pair(key, asked).kind is kind


def test_each_recipe_s_change_is_named() -> None:
    old = read(recipe(name="a"), recipe(name="b"), recipe(name="gone"))
    new = read(recipe(name="b"), recipe(name="a", background="#ffffff", match={"prefix": "a/"}))

    changes = {each.name: each.what for each in RecipeSetChange(old, new).changes()}

    assert changes == {"b": "as it was", "a": "changed: background, match", "gone": "removed"}


def test_another_order_of_the_same_recipes_may_make_something_else() -> None:
    one, two = recipe(name="a"), recipe(name="b", match={"prefix": "b/"})

    assert not RecipeSetChange(read(one, two), read(two, one)).make_the_same()


def test_no_source_that_stays_is_in_the_sample() -> None:
    keys = [f"{at:02}" for at in range(20)]

    census = take_census(
        keys,
        lambda key: Kind.CHANGED if int(key) % 2 else Kind.SAME,
        samples=8,
        most=100,
    )

    assert census.made == 10
    assert len(set(census.sample)) == 8
    assert all(int(key) % 2 for key in census.sample)


def test_a_sample_is_spread_over_the_listing_and_always_the_same() -> None:
    keys = [f"{at:05}" for at in range(10_000)]

    samples = [
        take_census(iter(keys), lambda _: Kind.CHANGED, samples=20, most=20_000).sample
        for _ in range(2)
    ]

    assert samples[0] == samples[1]
    assert len(set(samples[0])) == 20
    assert 3_000 < sum(map(int, samples[0])) / 20 < 7_000


def test_a_listing_ends_at_its_bound() -> None:
    keys = iter(str(at) for at in range(11))

    census = take_census(keys, lambda _: Kind.SAME, samples=5, most=10)

    assert (census.listed, census.is_whole, census.sample) == (10, False, ())
    assert take_census("abc", lambda _: Kind.SAME, samples=5, most=3).is_whole


def test_means_are_of_sources_that_both_recipes_made() -> None:
    found = means([trial(compared(100, 50)), trial(compared(300, 250)), REFUSED])

    assert found is not None
    assert (found.sources, found.old_bytes, found.new_bytes) == (2, 200, 150)
    assert share_made([trial(compared(1, 1)), REFUSED]) == 0.5


def test_a_file_that_only_one_side_makes_has_no_bytes_on_the_other() -> None:
    (row,) = rows([trial(compared(None, 50)), trial(compared(None, 70))])

    assert (row.old_bytes, row.new_bytes, row.sources) == (None, 60, 2)


def test_an_estimate_is_the_means_times_the_sources() -> None:
    mean = means([trial(compared(2_000_000, 1_000_000))])
    assert mean is not None

    found = estimate(mean, 1_000_000, Machines(environments=10, vcpus=2))

    assert found.cpu_hours == pytest.approx(3.095 * 1_000_000 / 3600, rel=0.001)
    assert found.hours == pytest.approx(found.cpu_hours / 20)
    assert found.dollars_a_month == pytest.approx(1_000 * 0.023)
    assert found.old_dollars_a_month == pytest.approx(2_000 * 0.023)


def test_what_only_the_new_recipe_refuses_stands_out() -> None:
    keys = ["cat.jpg", "dog.jpg"]
    census = take_census(keys, lambda _: Kind.CHANGED, samples=2, most=9)

    report = Report(
        changes=(),
        make_the_same=False,
        census=census,
        total=100,
        is_counted=True,
        trials=(trial(compared(9, 8)), REFUSED),
        machines=Machines(1, 1),
    )

    assert report.newly_refused == (("dog.jpg", Cause.TOO_COSTLY),)
    assert report.estimate is not None
    assert report.estimate.sources == 50


@pytest.mark.parametrize(
    ("above", "below", "names"),
    [
        pytest.param({}, {}, BOTH, id="all keys"),
        pytest.param({}, {"prefix": "a/"}, BOTH, id="a beginning of all keys"),
        pytest.param({"prefix": "a/"}, {"prefix": "a/b/"}, BOTH, id="a longer beginning"),
        pytest.param({"prefix": "a/b/"}, {"prefix": "a/"}, [], id="a shorter beginning"),
        pytest.param({"suffixes": [".gif"]}, {}, [], id="an ending of all keys"),
        pytest.param(
            {"suffixes": [".gif", ".png"]}, {"suffixes": [".GIF"]}, BOTH, id="one of two"
        ),
        pytest.param({"suffixes": [".gif"]}, {"suffixes": [".gif", ".x"]}, [], id="one more"),
    ],
)
def test_a_recipe_below_one_that_takes_all_its_keys_is_reached_by_none(
    above: Mapping[str, object], below: Mapping[str, object], names: list[str]
) -> None:
    found = shadowed(read(recipe(name="above", match=above), recipe(name="below", match=below)))

    assert [name for each in found for name in (each.recipe, each.by)] == names


def test_recipes_are_tried_up_to_the_one_that_matches() -> None:
    three = read(
        recipe(name="a", match={"prefix": "a/"}),
        recipe(name="b", match={"suffixes": [".gif", ".png"]}),
        recipe(name="c"),
        recipe(name="d"),
    )

    tried = [(each.recipe, each.refused) for each in trials(three, "cat.jpg")]

    assert tried == [
        ("a", "does not begin with a/"),
        ("b", "does not end in .gif, .png"),
        ("c", ""),
    ]
