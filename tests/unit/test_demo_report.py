import io
import json

import pytest
from rich.console import Console

from scripts.demo.check import find_problems
from scripts.demo.demo_stack import FinishedKey
from scripts.demo.report import report_json
from scripts.demo.table import print_report
from scripts.demo.watch import Outcomes
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.terminal.text import human_bytes, percent
from shared.events.sqs import Message
from shared.model.recipe import Recipe, RecipeSet, Variant
from tests.support.demo_figures import (
    AVIF,
    FALLBACK,
    LADDER,
    WEBP,
    dead_letter,
    report,
    row,
    variant,
)

pytestmark = pytest.mark.unit


def printed(*images: object, dead: tuple[object, ...] = (), width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_report(report(*images, dead=dead), console)  # type: ignore[arg-type] # rows and dead letters
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_saved_compares_the_widest_variant_of_the_best_slot_with_the_source() -> None:
    image = row(source_bytes=120_000)

    saved = image.saved

    assert image.shown.label == "w640.avif"
    assert saved == pytest.approx(0.75)


def test_saved_is_negative_if_the_variant_is_larger_than_the_source() -> None:
    image = row(source_bytes=20_000)

    shown = percent(image.saved)

    assert shown == "-50%"


def test_the_shown_variant_is_of_the_best_slot_of_the_recipe() -> None:
    image = row(variants=(variant("full", WEBP, 1200, 7), variant("medium", FALLBACK, 800, 99)))

    shown = image.shown

    assert shown.label == "full.webp"


def test_saved_of_a_run_is_weighted_by_bytes() -> None:
    run = report(row(source_bytes=30_000), row("dog.jpg", source_bytes=90_000))

    saved = run.saved

    assert saved == pytest.approx(0.5)


def test_the_json_has_the_figures_of_the_table() -> None:
    image = row()

    document = json.loads(report_json(report(image, dead=(dead_letter(),))))

    [entry] = document["images"]
    assert document["complete"] is True
    assert document["totals"]["images"] == 2
    assert document["totals"]["images_per_s"] == 0.5
    assert entry["smallest"] == {"variant": "thumb.avif", "bytes": 9_000}
    assert entry["largest"] == {"variant": "w640.fallback", "bytes": 60_000}
    assert entry["total_bytes"] == 161_000
    assert entry["saved"] == 0.75
    assert [made["slot"] for made in entry["variants"]] == [v.slot.value for v in LADDER]
    assert document["dead_letters"][0]["cause"] == "truncated"
    assert "widest variant" in document["definitions"]["saved"]


def test_a_problem_makes_the_json_incomplete() -> None:
    document = json.loads(report_json(report(row(), problems=("2 messages are left.",))))

    assert document["complete"] is False
    assert document["problems"] == ["2 messages are left."]


def test_the_table_shows_every_figure_and_the_dead_letter_with_its_cause() -> None:
    text = printed(row(), dead=(dead_letter(),))

    for figure in ("cat.jpg", "120 kB", "9.0 kB", "60 kB", "161 kB", "75%", "0.50"):
        assert figure in text
    assert "truncated" in text
    assert "Ends early." in text


def test_a_narrow_terminal_still_shows_names_and_figures() -> None:
    text = printed(row("a-rather-long-name.jpg"), width=80)

    assert "a-rather-long" in text
    assert "161 kB" in text
    assert "…" not in text


def test_a_key_with_escape_sequences_or_markup_is_shown_as_text() -> None:
    text = printed(row("\x1b[2J[red]x[/red].jpg"))

    assert "\x1b" not in text
    assert "[red]x[/red].jpg" in text


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_960, "10 kB"), (45_300, "45 kB"),
     (999_400, "999 kB"), (999_600, "1.0 MB"), (4_379_037, "4.4 MB"), (12_340_000_000, "12.3 GB")],
)  # fmt: skip
def test_bytes_are_shown_with_two_or_three_figures(count: int, shown: str) -> None:
    text = human_bytes(count)

    assert text == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.5, "50%"), (0.987, "99%"), (0.9957, "99.5%"), (0.9999, "99.9%"), (1, "100%")],
)
def test_less_than_all_is_not_rounded_to_100_percent(share: float, shown: str) -> None:
    text = percent(share)

    assert text == shown


def test_one_image_is_in_the_singular() -> None:
    text = printed(row())

    assert "1 image " in text
    assert "1 images" not in text


RECIPE_SET = RecipeSet((Recipe("ladder", (
    Variant("w320", (AVIF, WEBP), width=320),
    Variant("w640", (AVIF, WEBP, FALLBACK), width=640),
    Variant("thumb", (AVIF,), width=300),
)),))  # fmt: skip


def outcomes(live: int = 0, dead: int = 1) -> Outcomes:
    return Outcomes(
        published={"cat.jpg": FinishedKey("published", 0.5, 2.0)},
        dead=[DeadLetter(Message("m1", "r1", "", 1, "dead", None), ("cut.jpg",))],
        queues={"live": live, "dead_letter": dead},
    )


def test_a_run_with_the_expected_outcomes_has_no_problem() -> None:
    problems = find_problems(
        outcomes(), [row()], [dead_letter()], corrupt_key="cut.jpg", recipe_set=RECIPE_SET
    )

    assert problems == ()


def test_a_missing_variant_is_named() -> None:
    image = row(variants=LADDER[1:])

    problems = find_problems(
        outcomes(), [image], [dead_letter()], corrupt_key="cut.jpg", recipe_set=RECIPE_SET
    )

    assert problems == ("cat.jpg: recipe and manifest differ in w320.avif.",)


def test_another_cause_for_the_corrupt_image_is_a_problem() -> None:
    dead = [dead_letter(cause="decode_timeout")]

    [problem] = find_problems(
        outcomes(), [row()], dead, corrupt_key="cut.jpg", recipe_set=RECIPE_SET
    )

    assert problem == "Expected not_an_image or truncated for cut.jpg, got decode_timeout."


def test_a_dead_letter_without_a_cause_is_a_problem() -> None:
    dead = [dead_letter(), dead_letter("dog.jpg", cause="")]

    problems = find_problems(
        outcomes(), [row()], dead, corrupt_key="cut.jpg", recipe_set=RECIPE_SET
    )

    assert problems == ("dog.jpg is in the dead-letter queue without a cause.",)


@pytest.mark.parametrize(("live", "dead"), [(1, 1), (0, 2)], ids=["live", "dead-letter"])
def test_a_message_left_on_a_queue_is_a_problem(live: int, dead: int) -> None:
    left = outcomes(live, dead)

    problems = find_problems(
        left, [row()], [dead_letter()], corrupt_key="cut.jpg", recipe_set=RECIPE_SET
    )

    assert len(problems) == 1
