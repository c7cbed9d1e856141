"""Structured logs: JSON lines for machines, colours for a terminal."""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from shared.telemetry.metrics import embed_metrics
from shared.text import escape_unprintable


def configure_logging(log_format: str) -> None:
    """Send structlog's events to standard error; `log_format` is `json` or `console`.

    In JSON a line carries its metrics along (`shared.telemetry.metrics`). Lambda hands either
    output to CloudWatch Logs line by line, and takes JSON for what it is from both; if its own
    log format is JSON too, it filters by our `level`, so that its application log level must be
    INFO or lower or metrics are lost:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    as_json = log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_for_machines() if as_json else _for_people()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line and its end in one write: whoever shares the output cannot come between them.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _for_machines() -> list[structlog.types.Processor]:
    # Tracebacks without local variables: those hold message bodies and signed requests.
    shown = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        embed_metrics,
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
    """Spell out control characters, or a key could move the cursor and forge a line."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = escape_unprintable(value)
    return event


def _indented_traceback(out: TextIO, exc_info: structlog.types.ExcInfo) -> None:
    """Write a traceback no line of which can pass for an event: its words may be anybody's."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    lines = plain.getvalue().splitlines()
    out.writelines(f"\n    {escape_unprintable(line)}" for line in lines if line)
