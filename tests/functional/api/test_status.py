"""GET /v1/image and /v1/images/{key}: what became of an image."""

from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import Response
from msgspec import UNSET
from starlette.testclient import TestClient

from shared.cloud.source_bucket import expiry_of
from shared.model.entry import Entry
from shared.model.errors import Cause, Permanent, PoisonSuspect, Truncated
from tests.functional.api.conftest import Api
from tests.support.fakes import FakeClock
from worker.api.fields import time_or_unset
from worker.api.images.advice import ADVICE, OTHERWISE, advice_for
from worker.api.images.status import MAX_READS, MAX_WAIT_SECONDS, pauses

pytestmark = pytest.mark.functional

KEY = "photos/cat.jpg"


def ask(client: TestClient, key: str = KEY, **parameters: Any) -> Response:  # noqa: ANN401
    return client.get("/v1/image", params={"key": key, **parameters})


def test_a_published_image_has_its_whole_record(api: Api) -> None:
    api.drop(KEY, b"x" * 40, ContentType="image/jpeg", Metadata={"pixfleet-owner": "ann%40b"})
    api.publish(KEY)

    answer = ask(api.client(delivery_url="https://img.example.com"))

    image = answer.json()
    assert answer.status_code == 200
    assert image["status"] == "ready"
    assert image["owner"] == "ann@b"
    assert (image["bytes"], image["variant_bytes"]) == (40, 10)
    assert image["savings"] == {"bytes": 37, "percent": 92.5}
    assert image["processing"] == {"total_seconds": 1.5, "cpu_seconds": 0.5}
    assert image["uploaded_at"]
    assert image["updated_at"]
    assert image["manifest"] == "https://img.example.com/photos/cat.jpg?format=manifest"
    first = image["variants"][0]
    assert first["url"].startswith("https://img.example.com/photos/cat.jpg?variant=w32")
    assert (first["bytes"], first["type"]) == (2, "image/webp")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('expiry-date="Fri, 21 Dec 2029 00:00:00 GMT", rule-id="old"', "2029-12-21T00:00:00Z"),
        ("", UNSET),
        ('expiry-date="soon"', UNSET),
    ],
)
def test_the_date_of_a_lifecycle_rule_is_read(header: str, expected: object) -> None:
    assert time_or_unset(expiry_of(header)) == expected


def test_the_same_image_is_answered_by_path(api: Api) -> None:
    key = "photos/ü b+c.jpg"
    api.drop(key)
    api.publish(key)

    by_path = api.client().get(f"/v1/images/{quote(key)}")

    assert by_path.json() == ask(api.client(), key).json()
    assert by_path.json()["key"] == key


def test_an_unchanged_record_is_not_sent_again(api: Api) -> None:
    api.drop(KEY)
    api.publish(KEY)
    client = api.client()
    etag = ask(client).headers["etag"]

    again = client.get("/v1/image", params={"key": KEY}, headers={"If-None-Match": f'"x", {etag}'})

    assert (again.status_code, again.content) == (304, b"")


def test_a_source_that_no_worker_has_finished_is_pending(api: Api) -> None:
    api.drop(KEY)

    answer = ask(api.client())

    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"
    assert answer.headers["retry-after"] == "2"


def test_a_replaced_source_is_pending_until_its_own_variants_are_published(api: Api) -> None:
    api.drop(KEY)
    api.publish(KEY)
    api.drop(KEY, b"another picture")

    before = ask(api.client())
    api.publish(KEY)
    after = ask(api.client())

    assert (before.status_code, after.status_code) == (202, 200)


def test_an_image_stays_ready_while_a_worker_makes_it_again(api: Api) -> None:
    api.drop(KEY)
    api.publish(KEY)
    api.claim(KEY)

    assert ask(api.client()).status_code == 200


def test_a_rejected_image_has_its_cause_and_what_to_do(api: Api) -> None:
    api.drop(KEY)
    api.reject(KEY, Truncated("Expected 9 bytes, got 7.", stage="probe"))

    answer = ask(api.client())

    problem = answer.json()
    assert answer.status_code == 422
    assert problem["cause"] == "truncated"
    assert problem["detail"] == "Upload the file again: its end is missing."
    assert problem["image"]["reason"] == "Expected 9 bytes, got 7."


def test_a_rejected_image_that_was_uploaded_again_is_pending(api: Api) -> None:
    api.drop(KEY)
    api.reject(KEY, Truncated("Expected 9 bytes, got 7.", stage="probe"))
    api.drop(KEY, b"whole picture")

    assert ask(api.client()).status_code == 202


def test_a_key_that_never_had_a_source_is_not_found(client: TestClient) -> None:
    assert ask(client).status_code == 404


def test_a_deleted_image_is_gone_before_and_after_its_variants_are(api: Api) -> None:
    api.drop(KEY)
    api.publish(KEY)
    api.aws.s3.delete_object(Bucket="sources", Key=KEY)

    before = ask(api.client())
    api.tombstone(KEY)
    after = ask(api.client())

    assert (before.status_code, after.status_code) == (410, 410)


def test_a_source_without_a_manifest_is_pending(api: Api) -> None:
    api.drop(KEY)
    api.publish(KEY)
    for each in api.aws.s3.list_objects_v2(Bucket="variants")["Contents"]:
        if each["Key"].endswith("manifest.json"):
            api.aws.s3.delete_object(Bucket="variants", Key=each["Key"])

    assert ask(api.client()).status_code == 202


def test_a_wait_ends_when_the_image_is_ready(api: Api) -> None:
    api.drop(KEY)
    reads: list[float] = []

    async def publish_at_the_third(seconds: float) -> None:
        reads.append(seconds)
        if len(reads) == 3:
            api.publish(KEY)

    answer = ask(api.client(sleep=publish_at_the_third), wait=20)

    assert (answer.status_code, len(reads)) == (200, 3)


def test_a_wait_reads_the_ledger_twelve_times_at_most(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.drop(KEY)
    reads: list[str] = []
    pauses_made: list[float] = []
    ledger = type(api.context.ledger)
    read = ledger.read

    def counted(self: Any, key: str) -> Entry:  # noqa: ANN401
        reads.append(key)
        return read(self, key)

    async def pass_time(seconds: float) -> None:
        pauses_made.append(seconds)

    monkeypatch.setattr(ledger, "read", counted)

    answer = ask(api.client(sleep=pass_time), wait=20)

    assert answer.status_code == 202
    assert len(reads) <= MAX_READS == 12
    assert sum(pauses_made) == pytest.approx(20)


def test_a_wait_of_slow_reads_is_answered_in_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.drop(KEY)
    clock = api.context.clock
    assert isinstance(clock, FakeClock)
    began = clock.now()
    ledger = type(api.context.ledger)
    read = ledger.read

    def slow(self: Any, key: str) -> Entry:  # noqa: ANN401
        clock.sleep(0.5)
        return read(self, key)

    async def pass_time(seconds: float) -> None:
        clock.sleep(seconds)

    monkeypatch.setattr(ledger, "read", slow)

    answer = ask(api.client(sleep=pass_time), wait=20)

    assert answer.status_code == 202
    assert clock.now() - began <= 21


@pytest.mark.parametrize("seconds", range(MAX_WAIT_SECONDS + 1))
def test_pauses_fill_the_wait_with_few_reads(seconds: int) -> None:
    found = list(pauses(seconds))

    assert sum(found) == pytest.approx(seconds)
    assert len(found) < MAX_READS


@pytest.mark.parametrize("wait", ["21", "-1", "x", "1.5", ""])
def test_a_wait_over_twenty_seconds_is_refused(client: TestClient, wait: str) -> None:
    assert ask(client, wait=wait).status_code == 400


def test_parameters_are_taken_once_and_no_others(client: TestClient) -> None:
    assert client.get("/v1/image?key=a&key=b").status_code == 400
    assert client.get("/v1/image?key=a&x=1").status_code == 400
    assert client.get("/v1/image").status_code == 400


def test_every_cause_of_a_rejection_has_its_advice() -> None:
    rejections = {
        kind.cause for kind in (*Permanent.__subclasses__(), *PoisonSuspect.__subclasses__())
    }

    assert rejections == set(ADVICE)
    assert advice_for("a cause of a later version") == OTHERWISE
    assert all(sentence.endswith(".") for sentence in ADVICE.values())
    assert Cause.CORRUPT in ADVICE
