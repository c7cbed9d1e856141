"""Fixtures for the folders whose calls are checked: their `conftest.py` imports them."""

from collections.abc import Iterator

import pytest

from tests.support.iam.recorder import RECORDER, record_calls

__all__ = ["calls_are_allowed", "recorded_calls"]


@pytest.fixture(autouse=True, scope="session", name="_recorded_calls")
def recorded_calls() -> None:
    """Check the calls of the whole session."""
    record_calls()


@pytest.fixture(autouse=True, name="_calls_are_allowed")
def calls_are_allowed(_recorded_calls: None) -> Iterator[None]:
    """Fail a test during which the rendered policies denied a call."""
    RECORDER.take_denied()  # calls of contracts, whose resources have other names
    yield
    denied = RECORDER.take_denied()
    assert not denied, "The policies deny:\n" + "\n".join(denied)
