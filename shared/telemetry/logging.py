"""Structured logs: JSON lines for machines, colours for a terminal."""

import logging
import sys

import structlog


def configure_logging(log_format: str) -> None:
    """Send structlog's events to standard error; `log_format` is `json` or `console`."""
    # Tracebacks without local variables: those hold message bodies and signed requests.
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    shown = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    errors = [structlog.processors.ExceptionRenderer(shown)] if log_format == "json" else []
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *errors,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
