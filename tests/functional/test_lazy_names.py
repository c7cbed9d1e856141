"""What a worker does about the objects and the claims of renderers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.cloud.claims import Claim
from shared.cloud.objects import Objects
from shared.cloud.serving_claims import ServingClaims
from shared.events.sqs import Message
from shared.model.errors import Cause, Claimed, Failure
from shared.model.keys import stored_key
from shared.model.outcome import Outcome
from shared.model.source import Source
from tests.functional.conftest import LIVE, SOURCES, TINY_NAMES, VARIANTS, World
from tests.support import images
from tests.support.lazy_variants import claimed_to_serve, store_lazily
from worker.policy import POLICY

pytestmark = pytest.mark.functional

KEY = "a.jpg"
LAZY = ("w32.avif", "w64.avif")
FULL_SET = {*TINY_NAMES, "manifest.json"}


def claim_of_a_renderer(world: World) -> Claim:
    return claimed_to_serve(world.ledger, KEY, LAZY[0])


@pytest.fixture(name="published")
def _published(world: World) -> World:
    """Return a world in which a picture is published, and two of its lazy variants stored."""
    world.drop(KEY, images.jpeg(seed=1))
    world.process(KEY)
    store_lazily(world.ledger, world.clients.s3, VARIANTS, KEY, *LAZY)
    return world


def test_lazy_variants_are_gone_before_pages_get_the_new_version(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with the new version would get the file of the earlier one, and caches would, too."""
    seen: list[set[str]] = []
    put_manifest = Objects.put_manifest

    def put(self: Objects, source: Source, document: bytes, **options: Any) -> None:  # noqa: ANN401 - passed through
        seen.append(published.stored_names(KEY))
        put_manifest(self, source, document, **options)

    monkeypatch.setattr(Objects, "put_manifest", put)
    published.drop(KEY, images.jpeg(seed=2))

    outcome = published.process(KEY)

    assert outcome is Outcome.MADE
    assert seen == [FULL_SET]
    assert published.stored_names(KEY) == FULL_SET
    assert published.ledger.read(KEY).lazy == frozenset()


def test_lazy_variants_go_with_their_source(published: World) -> None:
    published.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    outcome = published.process(KEY)

    assert outcome is Outcome.REMOVED
    assert published.stored() == {}
    assert "lazy" not in published.item(KEY)


def test_lazy_variants_go_with_a_rejection(published: World) -> None:
    published.drop(KEY, b"not an image any more")

    outcome = published.process(KEY)

    assert isinstance(outcome, Failure)
    assert published.stored() == {}
    assert "lazy" not in published.item(KEY)


def test_a_lazy_variant_that_is_made_at_upload_now_is_replaced(
    published: World, make_world: Callable[..., World]
) -> None:
    recipe = {
        "name": "tiny",
        "match": {"prefix": ""},
        "variants": [{"widths": [32], "formats": ["avif"]}],
    }
    second = make_world({"version": 1, "recipes": [recipe]})

    outcome = second.process(KEY)

    assert outcome is Outcome.MADE
    assert second.stored_names(KEY) == {"w32.avif", "manifest.json"}
    metadata = second.stored()[stored_key(KEY, "w32.avif")]["Metadata"]
    assert metadata["pixfleet-source-etag"] == second.ledger.read(KEY).etag


def test_a_worker_that_stopped_leaves_the_lazy_variants_to_the_next(published: World) -> None:
    published.ledger.claim(KEY, lease_seconds=-1, may_store=sorted(TINY_NAMES))

    outcome = published.process(KEY)

    assert outcome is Outcome.MADE
    assert published.stored_names(KEY) == FULL_SET


def test_a_lazy_variant_that_a_lifecycle_rule_deleted_is_no_trouble(published: World) -> None:
    published.clients.s3.delete_object(Bucket=VARIANTS, Key=stored_key(KEY, LAZY[0]))
    published.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    assert published.process(KEY) is Outcome.REMOVED


def test_what_requests_have_stored_makes_no_work(published: World) -> None:
    assert published.process(KEY) is Outcome.CURRENT
    assert published.ledger.read(KEY).lazy == set(LAZY)


class Sleeping:
    """Records the pauses of a worker; after some of them a renderer releases its claim."""

    def __init__(self, world: World, claim: Claim, *, pauses: int) -> None:
        self._world, self._claim, self._pauses = world, claim, pauses
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self._pauses:
            ServingClaims(self._world.ledger).release(self._claim)


def with_sleep(world: World, sleep: Callable[[float], None]) -> World:
    context = replace(world.context, sleep=sleep)
    return World(world.clients, context, type(world.consumer)(context))


def test_a_worker_waits_in_place_while_a_renderer_stores_a_variant(published: World) -> None:
    claim = claim_of_a_renderer(published)
    sleep = Sleeping(published, claim, pauses=3)
    published.drop(KEY, images.jpeg(seed=2))

    outcome = with_sleep(published, sleep).process(KEY)

    assert outcome is Outcome.MADE
    assert sleep.seconds == [1.0, 1.0, 1.0]
    assert published.stored_names(KEY) == FULL_SET


def test_a_worker_does_not_wait_in_place_for_another_worker(published: World) -> None:
    published.ledger.claim(KEY, lease_seconds=600, may_store=sorted(TINY_NAMES))
    published.drop(KEY, images.jpeg(seed=2))

    def refuse(_: float) -> None:
        raise AssertionError("a worker's claim may last as long as an invocation")

    assert isinstance(with_sleep(published, refuse).process(KEY), Claimed)


def test_a_worker_waits_for_the_renderer_that_came_between_its_read_and_its_claim(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[Claim] = []
    refuse_held = type(published.ledger).refuse_held

    def refuse(self: object, entry: object) -> None:
        refuse_held(self, entry)  # type: ignore[arg-type] # passed through
        if not claims:
            claims.append(claim_of_a_renderer(published))

    monkeypatch.setattr(type(published.ledger), "refuse_held", refuse)
    published.drop(KEY, images.jpeg(seed=2))

    def sleep(_seconds: float) -> None:
        ServingClaims(published.ledger).release(claims[0])

    outcome = with_sleep(published, sleep).process(KEY)

    assert len(claims) == 1
    assert outcome is Outcome.MADE


def test_a_worker_does_not_wait_beyond_the_time_that_its_work_takes(published: World) -> None:
    claim_of_a_renderer(published)
    published.drop(KEY, images.jpeg(seed=2))
    seconds: list[float] = []
    least = POLICY.least_claim_seconds + POLICY.triage_seconds

    waiting = with_sleep(published, seconds.append)
    waiting.send(waiting.event(KEY))
    (result,) = waiting.consume(seconds=least + 0.9)

    assert isinstance(result.outcome, Failure)
    assert result.outcome.cause is Cause.CLAIMED
    assert seconds == []


def test_a_current_picture_is_current_while_a_renderer_stores_a_variant(published: World) -> None:
    claim_of_a_renderer(published)

    assert published.process(KEY) is Outcome.CURRENT


def test_a_message_of_which_a_renderer_took_the_last_receive_is_sent_again(
    published: World,
) -> None:
    claim_of_a_renderer(published)
    published.drop(KEY, images.jpeg(seed=2))
    body = published.event(KEY)
    message = Message("m1", "r1", body, published.settings.max_receives, f"arn:{LIVE}", None)

    least = POLICY.least_claim_seconds + POLICY.triage_seconds
    (result,) = published.consumer.consume([message], published.deadline(least + 0.9))

    assert result.is_acknowledged
    assert published.dead_letters() == []
    url = published.clients.sqs.get_queue_url(QueueName=LIVE)["QueueUrl"]
    depth = published.clients.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert depth["Attributes"] == {"ApproximateNumberOfMessagesDelayed": "1"}
