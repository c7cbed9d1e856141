import sqlite3
from pathlib import Path

import pytest

from scripts.pixfleet.backfill.checkpoint import CURSOR, Checkpoint
from scripts.pixfleet.backfill.selection import Chosen, Page, Skipped, SourceOutcome, Wanted
from shared.model.errors import Misconfigured
from shared.model.source import Listed

pytestmark = pytest.mark.unit


def _checkpoint(folder: Path, selection: str = "this") -> Checkpoint:
    return Checkpoint.open(folder / "state" / "checkpoint", selection, restart=False)


def _page(*keys: str) -> Page:
    return Page([Listed(key) for key in keys], keys[-1])


def test_a_planned_page_survives_a_crash(tmp_path: Path) -> None:
    wanted = (Wanted("a", 1.5), Wanted("b", is_current=True))
    _checkpoint(tmp_path).plan(Chosen(wanted), _page("a", "b"))

    later = _checkpoint(tmp_path)

    (planned,) = later.planned()
    assert tuple(planned.wanted) == wanted
    assert later.fact(CURSOR) == "b"
    assert later.tally("sent") == 0


def test_a_sent_page_is_open_until_every_source_has_an_outcome(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.sent(checkpoint.plan(Chosen([Wanted("a"), Wanted("b")]), _page("a", "b")))

    (first,) = checkpoint.open_pages(0)
    checkpoint.add_outcomes(first, {"a": SourceOutcome.MADE}, {"cpu_seconds": 0.5})
    (second,) = checkpoint.open_pages(0)
    checkpoint.add_outcomes(second, {"b": SourceOutcome.REJECTED}, {})

    assert [each.key for each in second.wanted] == ["b"]
    assert list(checkpoint.open_pages(0)) == []
    assert (checkpoint.tally("made"), checkpoint.tally("rejected")) == (1, 1)
    assert checkpoint.amount("cpu_seconds") == 0.5


def test_a_current_source_has_its_outcome_when_it_is_sent(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)

    checkpoint.sent(checkpoint.plan(Chosen([Wanted("a", is_current=True)]), _page("a")))

    assert (checkpoint.tally("sent"), checkpoint.tally("current")) == (1, 1)
    assert list(checkpoint.open_pages(0)) == []


def test_skipped_keys_are_counted_with_the_first_as_example(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)

    checkpoint.plan(Chosen(skipped={Skipped.NO_RECIPE: ["a", "b"]}), _page("a", "b"))
    checkpoint.plan(Chosen(skipped={Skipped.NO_RECIPE: ["c"]}), _page("c"))

    assert checkpoint.skipped() == [("no_recipe", 3, "a")]


def test_every_file_that_is_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.skip(Skipped.NOT_AN_IMAGE, ["notes.txt"])

    checkpoint.plan(Chosen(skipped={Skipped.ALREADY_THERE: ["b", "a"]}), _page("a", "b"))
    checkpoint.plan(Chosen(skipped={Skipped.NOT_ASKED_FOR: ["c"]}), _page("c"))

    named = list(_checkpoint(tmp_path).left_out())
    assert named == [
        ("a", Skipped.ALREADY_THERE),
        ("b", Skipped.ALREADY_THERE),
        ("notes.txt", Skipped.NOT_AN_IMAGE),
    ]


def test_another_selection_replaces_a_completely_sent_one(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path, "that")
    checkpoint.sent(checkpoint.plan(Chosen([Wanted("a")]), _page("a")))
    checkpoint.note("all_sent", "to its end")

    other = _checkpoint(tmp_path, "this")

    assert other.tally("sent") == 0


def test_another_selection_is_refused_while_one_has_more_to_send(tmp_path: Path) -> None:
    _checkpoint(tmp_path, "that").plan(Chosen([Wanted("a")]), _page("a"))

    with pytest.raises(Misconfigured, match="got that of `that`"):
        _checkpoint(tmp_path, "this")


def test_a_restart_deletes_the_checkpoint(tmp_path: Path) -> None:
    _checkpoint(tmp_path, "that").plan(Chosen([Wanted("a")]), _page("a"))

    checkpoint = Checkpoint.open(tmp_path / "state" / "checkpoint", "this", restart=True)

    assert checkpoint.planned() == []


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine, and not to be touched " * 50)

    with pytest.raises(Misconfigured, match="cannot be used"):
        Checkpoint.open(file, "this", restart=False)

    assert file.read_text().startswith("mine")


def test_a_page_is_recorded_in_one_transaction(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    unwritable = Chosen([Wanted("a")], {Skipped.NO_RECIPE: ["\udcff"]})

    with pytest.raises((UnicodeEncodeError, sqlite3.Error)):
        checkpoint.plan(unwritable, _page("a"))

    assert (checkpoint.fact(CURSOR), checkpoint.planned(), checkpoint.tally("seen")) == ("", [], 0)


def test_a_restart_deletes_no_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")

    with pytest.raises(Misconfigured, match="is no checkpoint"):
        Checkpoint.open(file, "--prefix a/", restart=True)

    assert file.read_text() == "years of work"
