"""Delete, reject or replace a picture behind the local edge: what is gone, and what is purged."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scripts.local.clients import DUMMY_KEY, REGION
from scripts.local.instance import Instance
from scripts.local.stack import create_serving, create_stack
from shared.model.recipe_reader import read_recipes
from tests.e2e.conftest import VISIBILITY_TIMEOUT_SECONDS
from tests.e2e.edge_stack import EdgeStack
from tests.e2e.fleet import Fleet
from tests.e2e.hints_distribution import distribute
from tests.e2e.processes import Runner
from tests.e2e.test_lambda import record
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg, truncated_jpeg
from worker.purge.handler import answer, build_purger
from worker.purge.purger import Purger
from worker.purge.settings import read_purge_settings

pytestmark = pytest.mark.e2e

PREFIX = "e2e-purge"
QUEUE, TABLE = f"{PREFIX}-purge", f"{PREFIX}-serving"
VARIANTS = [{"widths": [32, 64], "formats": ["webp", "fallback"]}]
RECIPES: Mapping[str, Any] = {
    "version": 1,
    "recipes": [
        {
            "name": "news",
            "match": {"prefix": "news/"},
            "purge": "replace",
            "variants": VARIANTS,
        },
        {"name": "other", "match": {"prefix": ""}, "variants": VARIANTS},
    ],
}
# CloudFront accepts one request in two seconds, and so does the local edge.
PAUSE_SECONDS = 3.0
# As Terraform's bucket policy has it, a missing object is a 403.
GONE = 403


@dataclass(frozen=True, slots=True)
class _Site:
    """A stack whose variants are served at the edge, and its purge function."""

    fleet: Fleet
    edge: EdgeStack
    purger: Purger

    def get(self, key: str) -> tuple[int, str]:
        """Return the status and the first word of X-Cache of a picture."""
        found = self.edge.get(f"/{key}?w=64", accept="image/webp")
        return found.status, found.x_cache

    def publish(self, key: str, data: bytes) -> None:
        """Upload a picture and read it until the edge has it."""
        etag = self.fleet.put(key, data)
        self.fleet.wait_until_published({key: etag})
        assert [self.get(key) for _ in range(2)] == [(200, "Miss"), (200, "Hit")]

    def messages(self) -> list[Any]:
        return wait_for(
            "a message to purge", lambda: self.fleet.receive(QUEUE, hidden_for_seconds=30)
        )

    def purge(self, messages: list[Any]) -> object:
        """Run the purge function as Lambda does, and delete what it is done with."""
        event = {"Records": [record(each, "arn:aws:sqs:p-purge") for each in messages]}
        answered = answer(event, _Context(), lambda: self.purger)
        kept = {each["itemIdentifier"] for each in answered["batchItemFailures"]}
        for each in messages:
            if each["MessageId"] not in kept:
                self.fleet.clients.sqs.delete_message(
                    QueueUrl=self.fleet.url(QUEUE), ReceiptHandle=each["ReceiptHandle"]
                )
        return answered

    def wait_for_calls(self) -> None:
        """Let the edge accept an invalidation again, and end those in progress."""
        self.edge.edge.advance(PAUSE_SECONDS * 5)

    def stored(self, key: str) -> set[str]:
        """Return what the variants bucket holds of a picture; the order of the tests is random."""
        return {
            each
            for each in self.fleet.stored_keys()
            if each.split("/", 1)[1].startswith(f"{key}/")
        }

    @property
    def delayed(self) -> int:
        return self.purger.queues.depth(QUEUE).delayed


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(name="site", scope="module")
def _site(endpoint_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Site]:
    stack = create_stack(
        endpoint_url,
        RECIPES,
        prefix=PREFIX,
        visibility_timeout_seconds=VISIBILITY_TIMEOUT_SECONDS,
    )
    fleet = Fleet(stack)
    create_serving(fleet.clients.dynamodb, TABLE)
    url = fleet.clients.sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    edge = EdgeStack(Instance(urlsplit(endpoint_url).port or 0))
    recipe_set = read_recipes(RECIPES)
    distribution = distribute(endpoint_url, "purge", stack.variants_bucket, recipe_set)
    settings = read_purge_settings(
        {
            "PIXFLEET_FLEET": PREFIX,
            "PIXFLEET_DISTRIBUTION_ID": distribution,
            "PIXFLEET_PURGE_QUEUE": url,
            "PIXFLEET_SERVING_TABLE": TABLE,
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _environment(endpoint_url).items():
            patch.setenv(name, value)
        purger = build_purger(settings)
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Runner(stack, Path(log), PIXFLEET_PURGE_QUEUE=url):
        yield _Site(fleet, edge, purger)
    edge.delete(distribution)


def _environment(endpoint_url: str) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": DUMMY_KEY,
        "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
        "NO_PROXY": "127.0.0.1,localhost",
    }


@pytest.mark.parametrize("key", ["cats/gone.jpg", "cats/red%20flower%20%281%29.jpg"])
def test_a_deleted_picture_is_gone_after_one_purge_and_one_again(site: _Site, key: str) -> None:
    source = key.replace("%20", " ").replace("%28", "(").replace("%29", ")")
    before = site.delayed
    etag = site.fleet.put(source, jpeg(seed=1))
    site.fleet.wait_until_published({source: etag})
    assert [site.get(key) for _ in range(2)] == [(200, "Miss"), (200, "Hit")]

    site.fleet.delete(source)
    messages = site.messages()
    still = site.get(key)
    answered = site.purge(messages)

    assert still == (200, "Hit")
    assert answered == {"batchItemFailures": []}
    assert site.get(key)[0] == GONE
    assert site.delayed == before + 1
    assert site.stored(source) == set()
    site.wait_for_calls()


def test_a_rejected_replacement_of_a_public_picture_is_gone_too(site: _Site) -> None:
    site.publish("bad.jpg", jpeg(seed=2))

    site.fleet.put("bad.jpg", truncated_jpeg())
    site.purge(site.messages())

    assert site.get("bad.jpg")[0] == GONE
    assert site.stored("bad.jpg") == set()
    site.wait_for_calls()


def test_a_replaced_picture_is_purged_only_where_its_recipe_says_so(site: _Site) -> None:
    site.publish("news/today.jpg", jpeg(seed=3))
    site.publish("other.jpg", jpeg(seed=4))
    for key in ("other.jpg", "news/today.jpg"):
        etag = site.fleet.put(key, jpeg(seed=5))
        site.fleet.wait_until_published({key: etag})

    messages = site.messages()
    site.purge(messages)

    assert [json.loads(each["Body"])["key"] for each in messages] == ["news/today.jpg"]
    assert site.get("news/today.jpg") == (200, "Miss")
    assert site.get("other.jpg") == (200, "Hit")
