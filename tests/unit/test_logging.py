import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from shared.telemetry.logging import configure_logging

pytestmark = pytest.mark.unit

SECRET = "wJalrXUtnFEMI-EXAMPLEKEY"  # noqa: S105 - made up

Said = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def _forgets_its_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(name="said")
def _said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Return what was logged since; standard output must stay empty."""

    def lines() -> list[str]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return lines


def failing(password: str) -> None:
    """Log an exception as a handler does, from a frame that holds something secret."""
    headers = {"Authorization": password}
    try:
        len(headers) / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("image failed unexpectedly", key="a.jpg")


def only(lines: list[str]) -> dict[str, Any]:
    (line,) = lines
    document: dict[str, Any] = json.loads(line)
    return document


def test_an_event_is_one_line_of_json(said: Said) -> None:
    configure_logging("json")

    structlog.get_logger().info("image done", key="a\nb\u2028.jpg", total_seconds=1.5)

    line = only(said())
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.tzinfo == UTC
    assert line == {
        "event": "image done",
        "key": "a\nb\u2028.jpg",
        "total_seconds": 1.5,
        "level": "info",
    }


def test_what_json_has_no_word_for_is_logged_all_the_same(said: Said) -> None:
    configure_logging("json")

    structlog.get_logger().warning("odd", data=b"\xff", names={"a"}, lone="\ud800")

    assert only(said())["event"] == "odd"


def test_a_traceback_is_a_field_and_not_more_lines(said: Said) -> None:
    configure_logging("json")

    failing(SECRET)

    line = only(said())
    (exception,) = line["exception"]
    assert line["level"] == "error"
    assert line["key"] == "a.jpg"
    assert exception["exc_type"] == "ZeroDivisionError"
    assert exception["frames"][-1]["name"] == "failing"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables(said: Said, log_format: str) -> None:
    configure_logging(log_format)

    failing(SECRET)

    text = "\n".join(said())
    assert "ZeroDivisionError" in text
    assert SECRET not in text


def test_debug_is_not_logged_for_it_would_show_too_much(said: Said) -> None:
    configure_logging("json")

    structlog.get_logger().debug("answer of AWS", body=SECRET)

    assert said() == []


def test_the_libraries_own_logs_stay_out(said: Said) -> None:
    configure_logging("json")

    logging.getLogger("botocore.auth").debug("signing with %s", SECRET)

    assert said() == []


def test_context_is_on_every_line(said: Said) -> None:
    configure_logging("json")
    structlog.contextvars.bind_contextvars(request_id="request-1")

    structlog.get_logger().info("one")
    structlog.get_logger().info("two")

    assert [json.loads(line)["request_id"] for line in said()] == ["request-1"] * 2


def test_a_console_reads_without_json_and_without_colours_in_a_file(said: Said) -> None:
    configure_logging("console")

    structlog.get_logger().info("image done", key="a.jpg")

    (line,) = said()
    assert "image done" in line
    assert "key=a.jpg" in line
    assert "\x1b" not in line
    assert not line.startswith("{")


def test_a_logger_made_before_obeys_a_later_configuration(said: Said) -> None:
    log = structlog.get_logger()
    configure_logging("console")
    log.info("first")
    configure_logging("json")
    said()

    log.info("second")

    assert only(said())["event"] == "second"


# What moves a cursor, ends a line or turns the direction of writing, in a key that S3 takes.
FORGERY = "a.jpg\n2024-05-04 [info] image done\r\x1b[2K\x85\u2028\u202e\x00\x7f 🐈é.jpg"


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "key", [FORGERY, "a\x1b[2K.jpg", "a\x85b", "a\u2028b", "a\u202eb", "a\x0bb", "a\nb"], ids=ascii
)
def test_a_key_cannot_forge_a_line(said: Said, log_format: str, key: str) -> None:
    configure_logging(log_format)

    structlog.get_logger().info("image delayed", key=key, others=[key])

    (line,) = said()
    assert line.isprintable()


def test_a_person_still_reads_what_is_readable(said: Said) -> None:
    configure_logging("console")

    structlog.get_logger().info("image done", key="été/🐈.jpg", other="a\x1bb")

    (line,) = said()
    assert "key=été/🐈.jpg" in line
    assert r"other=a\x1bb" in line


def fail_over(key: str) -> None:
    raise ValueError(key)


def test_a_tracebacks_words_cannot_forge_a_line(said: Said) -> None:
    configure_logging("console")

    try:
        fail_over(FORGERY)
    except ValueError:
        structlog.get_logger().exception("image failed unexpectedly", key="a.jpg")

    first, *others = said()
    assert "image failed unexpectedly" in first
    assert others
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_a_line_and_its_end_are_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda reads the output as lines, and other processes may share it."""
    written: list[str] = []
    monkeypatch.setattr("sys.stderr.write", written.append)
    configure_logging("json")

    structlog.get_logger().info("image done")

    (line,) = written
    assert line.endswith("}\n")
