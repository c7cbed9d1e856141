"""Structured logs: JSON lines for CloudWatch, or coloured lines for a terminal."""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from shared.telemetry.metrics import MetricEmbedder
from shared.text import escape_unprintable


def configure_logging(log_format: str, *, fleet: str = "") -> None:
    """Send structlog's events to standard error; `log_format` is `json` or `console`.

    A JSON line includes its metrics (`shared.telemetry.metrics`), which are those of `fleet`;
    without a fleet there are none. Lambda sends standard output and
    standard error to CloudWatch Logs line by line. If the function's own log format is JSON,
    Lambda filters by our `level`: its application log level must be INFO or lower, or metrics are
    lost:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    as_json = log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_machines(fleet) if as_json else _for_people()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line and its newline in one write, so that lines of other processes cannot mix with it.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _for_machines(fleet: str) -> list[structlog.types.Processor]:
    # Tracebacks without local variables, which hold message bodies and signed requests.
    shown = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        MetricEmbedder(fleet),
        structlog.processors.ExceptionRenderer(shown),
        structlog.processors.JSONRenderer(),
    ]


def _for_people() -> list[structlog.types.Processor]:
    return [
        _escape,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=_indented_traceback
        ),
    ]


def _escape(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:  # structlog's shape of a processor
    """Escape control characters: a key could move the cursor and forge a line."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = escape_unprintable(value)
    return event


def _indented_traceback(out: TextIO, exc_info: structlog.types.ExcInfo) -> None:
    """Write a traceback whose lines cannot pass for events: its text may come from a user."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    lines = plain.getvalue().splitlines()
    out.writelines(f"\n    {escape_unprintable(line)}" for line in lines if line)
