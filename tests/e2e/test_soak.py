"""A soak of a minute, through the code of the long one."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.soak.plan import Kind
from tests.soak.processes import children_of, process_table
from tests.soak.report import Report
from tests.soak.run import soak
from tests.soak.runners import Runner, RunnerDied
from tests.soak.soak import Pace
from tests.soak.table import print_report

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

# Two kills, and waves enough for deletes to meet both what is being made and what is published.
PACE = Pace(
    dropping_seconds=12,
    wave_seconds=3,
    kill_every_seconds=5,
    max_quiet_seconds=90,
    program="tests.soak.fast_runner",
)
IMAGES = 60


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soak")


@pytest.fixture(scope="module", name="report")
def _report(endpoint_url: str, folder: Path) -> Report:
    return soak(
        endpoint_url, folder, pace=PACE, images=IMAGES, progress=lambda _what, _share: None
    )


def test_nothing_is_lost_and_nothing_is_stale_although_runners_were_killed(
    report: Report,
) -> None:
    assert report.problems == []
    assert report.exit_code == 0
    assert report.kills >= 1


def test_every_uploaded_image_was_checked(report: Report) -> None:
    dropped = report.done[Kind.DROP]

    assert IMAGES / 2 < dropped == report.keys
    assert (
        report.outcomes["made"] >= dropped - report.done[Kind.DELETE] - report.done[Kind.CORRUPT]
    )


def test_some_sources_were_published_before_they_were_deleted(report: Report) -> None:
    assert report.outcomes["removed"] > 0


def test_a_corrupt_source_was_refused_with_a_dead_letter(report: Report) -> None:
    assert report.done[Kind.CORRUPT] > 0
    assert report.dead_letters > 0


def test_the_report_is_written_and_its_table_says_that_nothing_was_lost(
    report: Report, folder: Path
) -> None:
    shown = io.StringIO()

    print_report(report, Console(file=shown, width=100))

    assert json.loads((folder / "report.json").read_text())["problems"] == []
    assert "Nothing lost, nothing stale." in shown.getvalue()


def test_no_runner_and_no_render_child_is_left(report: Report) -> None:
    ours = [each for each in process_table().values() if "tests.soak.fast_runner" in each.command]

    assert [(each.pid, children_of(each.pid, process_table())) for each in ours] == []


def test_a_runner_that_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    runner = Runner("steady", "no_such_program", {})
    runner.start(tmp_path / "runner.log")
    runner.wait_until_ended()

    with pytest.raises(RunnerDied, match="No module named no_such_program"):
        runner.require_alive()
