"""That the soak notices what is wrong, and says so: a soak that cannot fail shows nothing."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.soak.memory import MEBIBYTE, Growth, growth
from tests.soak.plan import Kind, bytes_of, plan
from tests.soak.report import MOST_GROWTH, Report
from tests.soak.run import main
from tests.soak.runners import Log
from tests.soak.table import print_report
from tests.soak.verdict import (
    DeadLetterKey,
    Entry,
    Manifest,
    Seen,
    Stored,
    Wrong,
    unexplained,
    unreported,
    wrongs,
)

pytestmark = pytest.mark.unit

NAMES = frozenset({"w48.webp", "thumb.fallback"})
SIZES = {"w48.webp": 100, "thumb.fallback": 200}
PUBLISHED = Seen(
    etag="new",
    stored={name: Stored("new", size) for name, size in SIZES.items()},
    manifest=Manifest("new", SIZES),
    entry=Entry("published", "new", NAMES),
)
GONE = Seen(entry=Entry("removed"))
REFUSED = Seen(etag="bad", is_corrupt=True, entry=Entry("rejected", "bad"))

RIGHT = {
    "published": PUBLISHED,
    "gone": GONE,
    "gone and forgotten": Seen(),
    "corrupt and refused": REFUSED,
}
ONE_STALE = {**PUBLISHED.stored, "w48.webp": Stored("old", 100)}
ONE_MORE = {**PUBLISHED.stored, "w999.webp": Stored("new", 1)}
ONE_LESS = {"w48.webp": Stored("new", 100)}

BAD: dict[str, tuple[Seen, set[Wrong]]] = {
    "a source of which nothing was made": (Seen(etag="new"), {Wrong.LOST, Wrong.STALE}),
    "no manifest": (replace(PUBLISHED, manifest=None), {Wrong.LOST}),
    "a variant missing": (replace(PUBLISHED, stored=ONE_LESS), {Wrong.LOST, Wrong.STALE}),
    "a good source refused": (
        replace(PUBLISHED, entry=Entry("rejected", "new")),
        {Wrong.LOST},
    ),
    "a replaced source": (replace(PUBLISHED, etag="newer"), {Wrong.STALE}),
    "one variant of the source before": (replace(PUBLISHED, stored=ONE_STALE), {Wrong.STALE}),
    "the manifest of the source before": (
        replace(PUBLISHED, manifest=Manifest("old", SIZES)),
        {Wrong.STALE},
    ),
    "a manifest with other sizes": (
        replace(PUBLISHED, manifest=Manifest("new", {**SIZES, "w48.webp": 99})),
        {Wrong.STALE},
    ),
    "a ledger entry of the source before": (
        replace(PUBLISHED, entry=Entry("published", "old", NAMES)),
        {Wrong.STALE},
    ),
    "a ledger that lists other variants": (
        replace(PUBLISHED, entry=Entry("published", "new", frozenset())),
        {Wrong.STALE},
    ),
    "a variant that no recipe makes": (
        replace(PUBLISHED, stored=ONE_MORE),
        {Wrong.LEFT_OVER, Wrong.STALE},
    ),
    "variants without a source": (replace(PUBLISHED, etag=""), {Wrong.LEFT_OVER}),
    "a manifest without a source": (
        replace(GONE, manifest=Manifest("old", {})),
        {Wrong.LEFT_OVER},
    ),
    "a ledger that still shows what is gone": (
        Seen(entry=Entry("published", "old")),
        {Wrong.LEFT_OVER},
    ),
    "variants under a corrupt source": (
        replace(REFUSED, stored=PUBLISHED.stored),
        {Wrong.LEFT_OVER},
    ),
    "a corrupt source that nobody refused": (Seen(etag="bad", is_corrupt=True), {Wrong.LOST}),
    "another corrupt source refused": (
        replace(REFUSED, entry=Entry("rejected", "worse")),
        {Wrong.STALE},
    ),
    "a claim that nobody came back for": (
        replace(PUBLISHED, entry=replace(PUBLISHED.entry, is_unfinished=True)),
        {Wrong.UNFINISHED},
    ),
}

GREEN = Report(
    done={Kind.DROP: 3000},
    outcomes={"made": 3000},
    kills=40,
    left_behind=0,
    keys=3000,
    wrong={kind.value: [] for kind in Wrong},
    dead_letters=90,
    unexplained=[],
    unreported=[],
    runner_memory=Growth(80, 81, 0.2),
    child_memory=Growth(40, 40, 0.0),
    samples=[],
    dropping_seconds=240,
    quiet_seconds=60,
    unsettled=0,
)
LEAK = Growth(80, 120, MOST_GROWTH + 0.1)
RED: dict[str, tuple[Report, str]] = {
    **{
        f"a key that is {kind}": (replace(GREEN, wrong={kind.value: ["a"]}), f"Expected 0 {kind}")
        for kind in Wrong
    },
    "a strange dead letter": (replace(GREEN, unexplained=["a (unknown)"]), "unexplained"),
    "no dead letter": (replace(GREEN, unreported=["a"]), "without a dead letter"),
    "a child left behind": (replace(GREEN, left_behind=1), "outlived their runner"),
    "a message left": (replace(GREEN, unsettled=3), "messages that never came to an end, got 3"),
    "a runner that leaks": (replace(GREEN, runner_memory=LEAK), "MB more for a thousand images"),
    "a child that leaks": (replace(GREEN, child_memory=LEAK), "MB more for a thousand images"),
    "no work at all": (replace(GREEN, outcomes={}), "Expected images to be made"),
}


@pytest.mark.parametrize("seen", RIGHT.values(), ids=RIGHT)
def test_nothing_is_wrong_where_everything_shows_the_source(seen: Seen) -> None:
    assert wrongs(seen, NAMES) == set()


@pytest.mark.parametrize(("seen", "expected"), BAD.values(), ids=BAD)
def test_each_wrong_end_is_noticed(seen: Seen, expected: set[Wrong]) -> None:
    assert wrongs(seen, NAMES) == expected


@pytest.mark.parametrize(
    ("dead_letter", "is_explained"),
    [
        (DeadLetterKey("spoiled", "truncated"), True),
        (DeadLetterKey("spoiled", "not_an_image"), True),
        (DeadLetterKey("spoiled", ""), False),
        (DeadLetterKey("spoiled", "claimed"), False),
        (DeadLetterKey("whole", "truncated"), False),
    ],
    ids=str,
)
def test_only_a_corrupt_source_explains_a_dead_letter(
    dead_letter: DeadLetterKey,
    is_explained: bool,  # noqa: FBT001 - of a table
) -> None:
    assert (unexplained([dead_letter], {"spoiled"}) == []) is is_explained


def test_a_corrupt_source_that_is_there_must_have_a_dead_letter() -> None:
    seen = {"told": REFUSED, "untold": REFUSED, "gone": GONE, "good": PUBLISHED}

    assert unreported(seen, [DeadLetterKey("told", "corrupt")]) == ["untold"]


def test_a_good_soak_ends_with_nought() -> None:
    assert GREEN.problems == []
    assert GREEN.exit_code == 0


@pytest.mark.parametrize(("report", "said"), RED.values(), ids=RED)
def test_whatever_is_wrong_is_said_and_ends_with_one(report: Report, said: str) -> None:
    shown = io.StringIO()

    print_report(report, Console(file=shown, width=200))

    assert report.exit_code == 1
    assert said in shown.getvalue()
    assert "Nothing lost" not in shown.getvalue()


def test_the_table_shows_the_figures() -> None:
    shown = io.StringIO()

    print_report(GREEN, Console(file=shown, width=120))

    rows = {
        cells[1].strip(): cells[2].strip()
        for line in shown.getvalue().splitlines()
        if len(cells := line.split("│")) > 2
    }
    assert rows["sources dropped"] == "3000"
    assert rows["lost"] == rows["stale"] == rows["left over"] == "0"
    assert rows["images a second"] == "10.0"
    assert rows["runner's memory, MB"] == "80 → 81, +0.20 per 1,000"


@pytest.mark.parametrize(
    ("bytes_at", "slope"),
    [
        (lambda images: 50 * MEBIBYTE, 0.0),
        (lambda images: 50 * MEBIBYTE + images * MEBIBYTE // 100, 10.0),
        (lambda images: (50 + min(images, 500) // 10) * MEBIBYTE, 0.0),
    ],
    ids=["flat", "a leak of ten kilobytes an image", "a cache that fills at first"],
)
def test_growth_is_told_from_a_start(bytes_at: Callable[[int], int], slope: float) -> None:
    points = [(images, bytes_at(images)) for images in range(0, 2000, 50)]

    assert growth(points).slope == pytest.approx(slope, abs=0.01)


@pytest.mark.parametrize("points", [[], [(0, 5)], [(made, 5) for made in range(400)]], ids=len)
def test_of_few_images_no_slope_is_told(points: list[tuple[int, int]]) -> None:
    assert growth(points).slope is None


def test_the_plan_does_to_a_source_only_what_can_be_done() -> None:
    there: set[str] = set()
    gone: set[str] = set()
    acts = [act for wave in plan(400, 5) for act in wave]

    for act in acts:
        if act.kind is Kind.DROP:
            assert act.key not in there | gone
            there.add(act.key)
        elif act.kind is Kind.UNDELETE:
            gone.remove(act.key)
            there.add(act.key)
        else:
            assert act.key in there
        if act.kind is Kind.DELETE:
            there.remove(act.key)
            gone.add(act.key)

    assert {act.kind for act in acts} == set(Kind)
    assert sum(act.kind is Kind.DROP for act in acts) == 400


def test_every_file_that_is_dropped_is_another() -> None:
    acts = [act for wave in plan(100, 2) for act in wave]
    files = [bytes_of(act) for act in acts if act.kind not in {Kind.DELETE, Kind.UNDELETE}]

    assert len(set(files)) == len(files)


@pytest.mark.parametrize("words", [["--minutes=0"], ["--images=many"], ["--minutes=nan"]], ids=str)
def test_a_number_that_makes_no_soak_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)

    assert caught.value.code == 2
    assert "expected a number above 0" in capsys.readouterr().err


def test_a_log_is_counted_as_it_grows_and_a_cut_line_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runner.log"
    path.write_text(
        '{"outcome": "made", "receive_count": 2}\n{"event": "image rejected"}\n{"outco'
    )
    log = Log(path)
    log.read_on()
    with path.open("a") as more:
        more.write('{"event": "runner started"}\n[]\n{"outcome": "made", "receive_count": 1}\n')

    log.read_on()

    assert log.outcomes == {"made": 2, "redelivered": 1, "image rejected": 1}
