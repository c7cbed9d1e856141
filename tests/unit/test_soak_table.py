"""That the soak notices what is wrong, and says so: a soak that cannot fail shows nothing."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.soak.check import (
    DeadLetterKey,
    Defect,
    Entry,
    KeyState,
    Manifest,
    Stored,
    defects,
    unexplained,
    unreported,
)
from tests.soak.memory import MEBIBYTE, Growth, growth
from tests.soak.plan import Kind, bytes_of, plan
from tests.soak.report import MAX_GROWTH, Report
from tests.soak.run import main
from tests.soak.runners import Log
from tests.soak.table import print_report

pytestmark = pytest.mark.unit

NAMES = frozenset({"w48.webp", "thumb.fallback"})
SIZES = {"w48.webp": 100, "thumb.fallback": 200}
PUBLISHED = KeyState(
    etag="new",
    stored={name: Stored("new", size) for name, size in SIZES.items()},
    manifest=Manifest("new", SIZES),
    entry=Entry("published", "new", NAMES),
)
GONE = KeyState(entry=Entry("removed"))
REFUSED = KeyState(etag="bad", is_corrupt=True, entry=Entry("rejected", "bad"))

RIGHT = {
    "published": PUBLISHED,
    "gone": GONE,
    "gone and forgotten": KeyState(),
    "corrupt and refused": REFUSED,
}
ONE_STALE = {**PUBLISHED.stored, "w48.webp": Stored("old", 100)}
ONE_MORE = {**PUBLISHED.stored, "w999.webp": Stored("new", 1)}
ONE_LESS = {"w48.webp": Stored("new", 100)}

BAD: dict[str, tuple[KeyState, set[Defect]]] = {
    "a source of which nothing was made": (KeyState(etag="new"), {Defect.LOST, Defect.STALE}),
    "no manifest": (replace(PUBLISHED, manifest=None), {Defect.LOST}),
    "a variant missing": (replace(PUBLISHED, stored=ONE_LESS), {Defect.LOST, Defect.STALE}),
    "a good source refused": (
        replace(PUBLISHED, entry=Entry("rejected", "new")),
        {Defect.LOST},
    ),
    "a replaced source": (replace(PUBLISHED, etag="newer"), {Defect.STALE}),
    "one variant of the previous source": (replace(PUBLISHED, stored=ONE_STALE), {Defect.STALE}),
    "the manifest of the previous source": (
        replace(PUBLISHED, manifest=Manifest("old", SIZES)),
        {Defect.STALE},
    ),
    "a manifest with other sizes": (
        replace(PUBLISHED, manifest=Manifest("new", {**SIZES, "w48.webp": 99})),
        {Defect.STALE},
    ),
    "a ledger entry of the previous source": (
        replace(PUBLISHED, entry=Entry("published", "old", NAMES)),
        {Defect.STALE},
    ),
    "a ledger that lists other variants": (
        replace(PUBLISHED, entry=Entry("published", "new", frozenset())),
        {Defect.STALE},
    ),
    "a variant that no recipe makes": (
        replace(PUBLISHED, stored=ONE_MORE),
        {Defect.LEFT_OVER, Defect.STALE},
    ),
    "variants without a source": (replace(PUBLISHED, etag=""), {Defect.LEFT_OVER}),
    "a manifest without a source": (
        replace(GONE, manifest=Manifest("old", {})),
        {Defect.LEFT_OVER},
    ),
    "a ledger entry of a deleted source": (
        KeyState(entry=Entry("published", "old")),
        {Defect.LEFT_OVER},
    ),
    "variants under a corrupt source": (
        replace(REFUSED, stored=PUBLISHED.stored),
        {Defect.LEFT_OVER},
    ),
    "a corrupt source without rejection": (
        KeyState(etag="bad", is_corrupt=True),
        {Defect.LOST},
    ),
    "another corrupt source refused": (
        replace(REFUSED, entry=Entry("rejected", "worse")),
        {Defect.STALE},
    ),
    "a claim that was never released": (
        replace(PUBLISHED, entry=replace(PUBLISHED.entry, is_unfinished=True)),
        {Defect.UNFINISHED},
    ),
}

GREEN = Report(
    done={Kind.DROP: 3000},
    outcomes={"made": 3000},
    kills=40,
    left_behind=0,
    keys=3000,
    wrong={kind.value: [] for kind in Defect},
    dead_letters=90,
    unexplained=[],
    unreported=[],
    runner_memory=Growth(80, 81, 0.2),
    child_memory=Growth(40, 40, 0.0),
    samples=[],
    dropping_seconds=240,
    quiet_seconds=60,
    messages_left=0,
)
LEAK = Growth(80, 120, MAX_GROWTH + 0.1)
RED: dict[str, tuple[Report, str]] = {
    **{
        f"a key that is {kind}": (replace(GREEN, wrong={kind.value: ["a"]}), f"Expected 0 {kind}")
        for kind in Defect
    },
    "a strange dead letter": (replace(GREEN, unexplained=["a (unknown)"]), "unexplained"),
    "no dead letter": (replace(GREEN, unreported=["a"]), "without a dead letter"),
    "a child left behind": (replace(GREEN, left_behind=1), "outlived their runner"),
    "a message left": (
        replace(GREEN, messages_left=3),
        "messages that were never processed, got 3",
    ),
    "a runner that leaks": (replace(GREEN, runner_memory=LEAK), "MB more for a thousand images"),
    "a child that leaks": (replace(GREEN, child_memory=LEAK), "MB more for a thousand images"),
    "no work at all": (replace(GREEN, outcomes={}), "Expected images to be made"),
}


@pytest.mark.parametrize("state", RIGHT.values(), ids=RIGHT)
def test_a_consistent_key_has_no_defect(state: KeyState) -> None:
    assert defects(state, NAMES) == set()


@pytest.mark.parametrize(("state", "expected"), BAD.values(), ids=BAD)
def test_each_defect_is_found(state: KeyState, expected: set[Defect]) -> None:
    assert defects(state, NAMES) == expected


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


def test_an_existing_corrupt_source_must_have_a_dead_letter() -> None:
    states = {"told": REFUSED, "untold": REFUSED, "gone": GONE, "good": PUBLISHED}

    assert unreported(states, [DeadLetterKey("told", "corrupt")]) == ["untold"]


def test_a_soak_without_problems_has_exit_code_0() -> None:
    assert GREEN.problems == []
    assert GREEN.exit_code == 0


@pytest.mark.parametrize(("report", "said"), RED.values(), ids=RED)
def test_each_problem_is_a_sentence_and_has_exit_code_1(report: Report, said: str) -> None:
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
def test_growth_is_measured_after_the_warm_up(
    bytes_at: Callable[[int], int], slope: float
) -> None:
    points = [(images, bytes_at(images)) for images in range(0, 2000, 50)]

    assert growth(points).slope == pytest.approx(slope, abs=0.01)


@pytest.mark.parametrize("points", [[], [(0, 5)], [(made, 5) for made in range(400)]], ids=len)
def test_few_images_have_no_slope(points: list[tuple[int, int]]) -> None:
    assert growth(points).slope is None


def test_every_planned_action_is_possible() -> None:
    there: set[str] = set()
    gone: set[str] = set()
    actions = [action for wave in plan(400, 5) for action in wave]

    for action in actions:
        if action.kind is Kind.DROP:
            assert action.key not in there | gone
            there.add(action.key)
        elif action.kind is Kind.UNDELETE:
            gone.remove(action.key)
            there.add(action.key)
        else:
            assert action.key in there
        if action.kind is Kind.DELETE:
            there.remove(action.key)
            gone.add(action.key)

    assert {action.kind for action in actions} == set(Kind)
    assert sum(action.kind is Kind.DROP for action in actions) == 400


def test_every_uploaded_file_is_unique() -> None:
    actions = [action for wave in plan(100, 2) for action in wave]
    unlike = {Kind.DELETE, Kind.UNDELETE}
    files = [bytes_of(action) for action in actions if action.kind not in unlike]

    assert len(set(files)) == len(files)


@pytest.mark.parametrize("words", [["--minutes=0"], ["--images=many"], ["--minutes=nan"]], ids=str)
def test_a_number_out_of_range_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)

    assert caught.value.code == 2
    assert "expected a number above 0" in capsys.readouterr().err


def test_a_growing_log_is_counted_without_lines_that_were_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "runner.log"
    path.write_text(
        '{"outcome": "made", "receive_count": 2}\n{"event": "image rejected"}\n{"outco'
    )
    log = Log(path)
    log.read_new_lines()
    with path.open("a") as more:
        more.write('{"event": "runner started"}\n[]\n{"outcome": "made", "receive_count": 1}\n')

    log.read_new_lines()

    assert log.outcomes == {"made": 2, "redelivered": 1, "image rejected": 1}
