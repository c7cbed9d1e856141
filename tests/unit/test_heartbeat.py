"""A step of minutes shows that it goes on, and nothing after its end."""

import threading

import pytest

from scripts.local.heartbeat import THREAD, heartbeat

pytestmark = pytest.mark.unit


def test_a_long_step_prints_how_long_it_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    printed = ""
    with heartbeat("still applying", every_seconds=0.01):
        while printed.count("\n") < 2:
            threading.Event().wait(0.01)
            printed += capsys.readouterr().err

    assert printed.startswith("  … still applying, 0 s\n")


def test_a_short_step_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with heartbeat("still applying", every_seconds=60):
        pass

    assert capsys.readouterr().err == ""


def test_a_step_that_fails_ends_it() -> None:
    with pytest.raises(OSError, match="no space"), heartbeat("still applying"):
        raise OSError("no space")

    assert THREAD not in {each.name for each in threading.enumerate()}
