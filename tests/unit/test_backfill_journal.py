import sqlite3
from pathlib import Path

import pytest

from scripts.pixfleet.backfill.checkpoint import CURSOR, Journal
from scripts.pixfleet.backfill.selection import Chosen, Ending, Page, Skipped, Wanted
from shared.model.errors import Misconfigured
from shared.model.source import Listed

pytestmark = pytest.mark.unit


def _journal(folder: Path, selection: str = "this") -> Journal:
    return Journal.open(folder / "state" / "checkpoint", selection, restart=False)


def _page(*keys: str) -> Page:
    return Page([Listed(key) for key in keys], keys[-1])


def test_a_page_that_was_planned_and_not_sent_is_there_after_a_crash(tmp_path: Path) -> None:
    wanted = (Wanted("a", 1.5), Wanted("b", is_current=True))
    _journal(tmp_path).plan(Chosen(wanted), _page("a", "b"))

    later = _journal(tmp_path)

    (noted,) = later.planned()
    assert tuple(noted.wanted) == wanted
    assert later.fact(CURSOR) == "b"
    assert later.tally("sent") == 0


def test_a_page_that_was_sent_is_open_until_all_of_it_has_ended(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    journal.sent(journal.plan(Chosen([Wanted("a"), Wanted("b")]), _page("a", "b")))

    (first,) = journal.open_pages(0)
    journal.settle(first, {"a": Ending.MADE}, {"cpu_seconds": 0.5})
    (second,) = journal.open_pages(0)
    journal.settle(second, {"b": Ending.REJECTED}, {})

    assert [each.key for each in second.wanted] == ["b"]
    assert list(journal.open_pages(0)) == []
    assert (journal.tally("made"), journal.tally("rejected")) == (1, 1)
    assert journal.amount("cpu_seconds") == 0.5


def test_what_needs_no_work_has_its_end_once_it_is_sent(tmp_path: Path) -> None:
    journal = _journal(tmp_path)

    journal.sent(journal.plan(Chosen([Wanted("a", is_current=True)]), _page("a")))

    assert (journal.tally("sent"), journal.tally("current")) == (1, 1)
    assert list(journal.open_pages(0)) == []


def test_what_was_left_out_is_counted_with_its_first_example(tmp_path: Path) -> None:
    journal = _journal(tmp_path)

    journal.plan(Chosen(skipped={Skipped.NO_RECIPE: ["a", "b"]}), _page("a", "b"))
    journal.plan(Chosen(skipped={Skipped.NO_RECIPE: ["c"]}), _page("c"))

    assert journal.skipped() == [("no_recipe", 3, "a")]


def test_another_selection_replaces_one_of_which_all_was_sent(tmp_path: Path) -> None:
    journal = _journal(tmp_path, "that")
    journal.sent(journal.plan(Chosen([Wanted("a")]), _page("a")))
    journal.note("all_sent", "to its end")

    other = _journal(tmp_path, "this")

    assert other.tally("sent") == 0


def test_another_selection_does_not_replace_one_that_has_more_to_send(tmp_path: Path) -> None:
    _journal(tmp_path, "that").plan(Chosen([Wanted("a")]), _page("a"))

    with pytest.raises(Misconfigured, match="got that of `that`"):
        _journal(tmp_path, "this")


def test_a_restart_forgets_what_was_there(tmp_path: Path) -> None:
    _journal(tmp_path, "that").plan(Chosen([Wanted("a")]), _page("a"))

    journal = Journal.open(tmp_path / "state" / "checkpoint", "this", restart=True)

    assert journal.planned() == []


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine, and not to be touched " * 50)

    with pytest.raises(Misconfigured, match="cannot be used"):
        Journal.open(file, "this", restart=False)

    assert file.read_text().startswith("mine")


def test_a_page_is_noted_wholly_or_not_at_all(tmp_path: Path) -> None:
    journal = _journal(tmp_path)
    unwritable = Chosen([Wanted("a")], {Skipped.NO_RECIPE: ["\udcff"]})

    with pytest.raises((UnicodeEncodeError, sqlite3.Error)):
        journal.plan(unwritable, _page("a"))

    assert (journal.fact(CURSOR), journal.planned(), journal.tally("seen")) == ("", [], 0)


def test_a_file_that_is_no_checkpoint_is_never_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")

    with pytest.raises(Misconfigured, match="is no checkpoint"):
        Journal.open(file, "--prefix a/", restart=True)

    assert file.read_text() == "years of work"
