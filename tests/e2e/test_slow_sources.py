"""Sources that S3 sends slowly cost their own records, and no other record of the batch."""

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event, Semaphore, Thread

import pytest

from shared.cloud.calls import CallLimits
from shared.deadline import Deadline
from shared.events import backfill
from shared.events.sqs import Message
from shared.model.errors import Cause, Failure
from shared.model.outcome import Outcome
from shared.settings import Settings, read_settings
from tests.e2e.door import Door
from tests.e2e.fleet import Fleet
from tests.support import images
from worker.batch import Consumer
from worker.context import FETCHED_AHEAD, build_context
from worker.policy import WorkerPolicy

# A batch has 12 s after a claim's 8 s: a slow source that had them all would leave none.
POLICY = WorkerPolicy(
    calls=CallLimits(connect_seconds=1, read_seconds=2, attempts=4, call_seconds=5.0),
    least_render_seconds=2.0,
    least_claim_extra_seconds=1.0,
    triage_seconds=2.0,
)
BATCH_SECONDS = 22
SLOW, OTHERS = 3, 7


class SlowDoor(Door):
    """Sends sources named "slow" a part now and then; all others wait until these have begun."""

    def __init__(self, endpoint_url: str, bucket: str, trickle: bytes) -> None:
        super().__init__(endpoint_url, bucket)
        self.trickle = trickle
        self.stopping = Event()
        self.begun = Semaphore(0)
        self.all_begun = Event()

    def stall(self, asked: BaseHTTPRequestHandler) -> bool:
        if asked.command == "HEAD" and "/plain-" in asked.path:
            self.all_begun.wait()
        if asked.command != "GET" or "/slow-" not in asked.path:
            return False
        self.begun.release()
        with suppress(OSError):
            asked.wfile.write(b"HTTP/1.1 200 OK\r\n" + self.trickle)
            while not self.stopping.wait(POLICY.calls.read_seconds / 4):
                asked.wfile.write(b"0")
        return True


TRICKLES = {
    "body": b"Content-Length: 100000\r\n\r\n",
    "chunk size": b"Transfer-Encoding: chunked\r\n\r\n",
    "headers": b"x-slow: ",
}


@pytest.fixture(name="door", params=TRICKLES.values(), ids=list(TRICKLES))
def _door(endpoint_url: str, fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[SlowDoor]:
    door = SlowDoor(endpoint_url, fleet.stack.sources_bucket, request.param)
    thread = Thread(target=door.server.serve_forever, daemon=True)
    thread.start()
    yield door
    door.stopping.set()
    door.all_begun.set()
    door.server.shutdown()
    door.server.server_close()


@pytest.fixture(name="settings")
def _settings(fleet: Fleet, door: SlowDoor, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a worker with one render child, whose AWS is behind the door."""
    environment = fleet.stack.worker_environment() | {
        "AWS_ENDPOINT_URL": door.url,
        "PIXFLEET_RENDER_CHILDREN": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(environment)


@pytest.fixture(name="consumer")
def _consumer(settings: Settings) -> Iterator[Consumer]:
    consumer = Consumer(build_context(settings, POLICY))
    yield consumer
    consumer.close()


def release_others(door: SlowDoor) -> None:
    """Let the other records begin once every slow source occupies a slot."""
    for _ in range(SLOW):
        door.begun.acquire()
    door.all_begun.set()


def test_three_trickling_sources_do_not_starve_the_seven_others(
    fleet: Fleet,
    door: SlowDoor,
    settings: Settings,
    consumer: Consumer,
    request: pytest.FixtureRequest,
) -> None:
    assert settings.render_children + FETCHED_AHEAD == SLOW
    folder = request.node.callspec.id.replace(" ", "-")
    keys = [
        *(f"{folder}/slow-{number}.jpg" for number in range(SLOW)),
        *(f"{folder}/plain-{number}.jpg" for number in range(OTHERS)),
    ]
    for number, key in enumerate(keys):
        fleet.put(key, images.jpeg((64, 48), seed=number))
    messages = [
        Message(
            key, f"handle-{key}", backfill.write(settings.sources_bucket, [key]), 1, "live", None
        )
        for key in keys
    ]
    Thread(target=release_others, args=(door,), daemon=True).start()

    results = consumer.consume(messages, Deadline.after(BATCH_SECONDS, consumer.clock))

    slow, others = results[:SLOW], results[SLOW:]
    assert [result.outcome for result in others] == [Outcome.MADE] * OTHERS
    for result in slow:
        assert isinstance(result.outcome, Failure)
        assert result.outcome.cause in (Cause.SOURCE_SLOW, Cause.DEADLINE)
        assert not result.outcome.is_permanent
        assert not result.is_acknowledged
