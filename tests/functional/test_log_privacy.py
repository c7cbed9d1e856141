"""What a batch logs: no body of a message or of a source, and no credentials."""

import json
from collections.abc import Iterator

import pytest
import structlog

from shared.telemetry.logging import configure_logging
from tests.functional.conftest import World
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

MARKER = "wJalrXUtnFEMI"
CREDENTIALS = "testing"  # as in conftest.py


@pytest.fixture(autouse=True)
def _forgets_its_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_no_body_and_no_credentials_are_logged(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("json")
    world.drop("good.jpg", jpeg((80, 60)) + MARKER.encode())
    world.drop("bad.jpg", MARKER.encode() * 9)
    known = json.loads(world.event("good.jpg"))
    known["Records"][0]["userIdentity"] = {"principalId": MARKER}
    world.send(json.dumps(known), world.event("bad.jpg"), MARKER, json.dumps({"any": MARKER}))

    results = world.consume()

    logged = "".join(capsys.readouterr())
    assert len(results) == 4
    assert "image done" in logged
    assert "not_an_image" in logged
    assert MARKER not in logged
    assert MARKER.encode().hex() not in logged
    assert CREDENTIALS not in logged
