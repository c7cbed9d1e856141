"""Deletions, their receipts, and purges."""

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from shared.cloud.receipts import Receipts
from shared.cloud.serving import Serving
from shared.cloud.source_bucket import SourceBucket
from shared.events import purge
from shared.model.errors import StorageUnavailable
from tests.functional.api.conftest import NOW, PURGES, SERVING, Api
from tests.support.fakes import FakeClock, unbounded_calls

pytestmark = pytest.mark.functional

KEY = "photos/cat.jpg"


@pytest.fixture(name="queue")
def _queue(api: Api) -> str:
    return api.aws.sqs.create_queue(QueueName=PURGES)["QueueUrl"]


def versioned(api: Api, *contents: bytes) -> None:
    api.aws.s3.put_bucket_versioning(
        Bucket="sources", VersioningConfiguration={"Status": "Enabled"}
    )
    for each in contents:
        api.drop(KEY, each)


def versions(api: Api) -> int:
    found: Any = api.aws.s3.list_object_versions(Bucket="sources")
    return len(found.get("Versions", [])) + len(found.get("DeleteMarkers", []))


def test_a_source_is_deleted_by_path_and_by_query(api: Api) -> None:
    client, other = api.client(), "photos/ü%+ .jpg"
    api.drop(KEY)
    api.drop(other)

    answers = [client.delete(f"/v1/images/{KEY}"), client.delete(f"/v1/image?key={quote(other)}")]

    assert [each.status_code for each in answers] == [202, 202]
    assert [each.json()["key"] for each in answers] == [KEY, other]
    assert api.keys() == []


def test_an_unknown_key_is_told(client: TestClient) -> None:
    assert client.delete(f"/v1/images/{KEY}").status_code == 404


def test_several_are_deleted_with_an_outcome_for_each(api: Api) -> None:
    api.drop("a.jpg")
    api.drop("b.jpg")

    answer = api.client().post("/v1/deletions", json={"keys": ["a.jpg", "no.jpg", "b.jpg"]})

    outcomes = [(each["key"], each["outcome"]) for each in answer.json()["deletions"]]
    assert answer.status_code == 202
    assert outcomes == [("a.jpg", "deleted"), ("no.jpg", "unknown"), ("b.jpg", "deleted")]


def test_nothing_is_deleted_if_one_key_is_refused(api: Api) -> None:
    api.drop("a.jpg")

    answer = api.client().post("/v1/deletions", json={"keys": ["a.jpg", "../b.jpg"]})

    assert answer.status_code == 400
    assert api.keys() == ["a.jpg"]


def test_one_failure_leaves_the_outcomes_of_the_others(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.drop("a.jpg")
    api.drop("b.jpg")
    delete = SourceBucket.delete

    def broken(self: SourceBucket, key: str) -> None:
        if key == "a.jpg":
            raise StorageUnavailable("Expected an answer, got none.")
        delete(self, key)

    monkeypatch.setattr(SourceBucket, "delete", broken)

    answer = api.client().post("/v1/deletions", json={"keys": ["a.jpg", "b.jpg"]})

    assert [each["outcome"] for each in answer.json()["deletions"]] == ["failed", "deleted"]


@pytest.mark.parametrize("keys", [[], ["a"] * 101, "a", [1], None])
def test_one_to_a_hundred_keys_are_deleted(client: TestClient, keys: object) -> None:
    assert client.post("/v1/deletions", json={"keys": keys}).status_code == 400


def test_versions_are_deleted_only_where_that_is_configured(api: Api) -> None:
    versioned(api, b"1", b"2")

    answer = api.client().delete(f"/v1/images/{KEY}?versions=all")

    assert answer.status_code == 403
    assert versions(api) == 2


def test_all_versions_are_deleted_with_a_receipt(api: Api, queue: str) -> None:
    versioned(api, b"1", b"2", b"3")
    api.drop(KEY + ".png")
    client = api.client(deletes_versions=True, purge_queue=queue)

    deletion = client.delete(f"/v1/images/{KEY}?versions=all").json()
    receipt = client.get(deletion["receipt"]).json()

    assert deletion["outcome"] == "deleted"
    assert versions(api) == 1
    assert len(receipt["version_ids"]) == 3
    assert (receipt["key"], receipt["state"]) == (KEY, "done")
    assert receipt["requested_by"] == "ann@example.com"
    assert receipt["deleted_at"] >= receipt["requested_at"]
    assert "purge_id" not in receipt
    assert "variants_removed_at" not in receipt


def test_a_receipt_gets_the_id_of_the_invalidation(
    api: Api, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purge function reads the message, and writes into the receipt that it names."""
    monkeypatch.setattr("worker.api.deletions.purges.AFTER_DELETION_SECONDS", 0)
    versioned(api, b"1")
    client = api.client(deletes_versions=True, purge_queue=queue)
    deletion = client.delete(f"/v1/images/{KEY}?versions=all").json()
    (message,) = api.aws.sqs.receive_message(QueueUrl=queue)["Messages"]
    request = purge.read(message["Body"])
    clock = FakeClock(NOW)
    serving = Serving(api.aws.dynamodb, unbounded_calls(clock), SERVING, clock)

    serving.note_invalidation(request.receipt, "I1EXAMPLE")

    receipt = client.get(deletion["receipt"]).json()
    assert (request.key, receipt["purge_id"]) == (KEY, "I1EXAMPLE")
    assert (receipt["state"], len(receipt["version_ids"])) == ("done", 1)


def test_a_receipt_tells_when_the_variants_were_removed(api: Api) -> None:
    versioned(api, b"1")
    client = api.client(deletes_versions=True)
    deletion = client.delete(f"/v1/images/{KEY}?versions=all").json()
    api.tombstone(KEY)

    assert "variants_removed_at" in client.get(deletion["receipt"]).json()


def test_versions_behind_a_delete_marker_are_deleted_too(api: Api) -> None:
    versioned(api, b"1")
    client = api.client(deletes_versions=True)
    client.delete(f"/v1/images/{KEY}")

    deletion = client.delete(f"/v1/images/{KEY}?versions=all").json()

    assert deletion["outcome"] == "deleted"
    assert versions(api) == 0


def test_nothing_is_deleted_without_a_receipt(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    versioned(api, b"1")

    def broken(*_arguments: object) -> None:
        raise StorageUnavailable("Expected an answer, got none.")

    monkeypatch.setattr(Receipts, "write", broken)

    answer = api.client(deletes_versions=True).delete(f"/v1/images/{KEY}?versions=all")

    assert answer.status_code == 503
    assert versions(api) == 1


def test_an_interrupted_deletion_leaves_a_receipt_that_has_begun(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    versioned(api, b"1")
    written: list[str] = []
    write = Receipts.write

    def noted(self: Receipts, receipt_id: str, fields: Any) -> None:  # noqa: ANN401
        written.append(receipt_id)
        write(self, receipt_id, fields)

    def broken(*_arguments: object, **_named: object) -> None:
        raise StorageUnavailable("Expected an answer, got none.")

    monkeypatch.setattr(Receipts, "write", noted)
    monkeypatch.setattr(SourceBucket, "delete_versions", broken)
    client = api.client(deletes_versions=True)

    answer = client.delete(f"/v1/images/{KEY}?versions=all")

    assert answer.status_code == 503
    assert client.get(f"/v1/deletions/{written[0]}").json()["state"] == "begun"


def test_a_receipt_of_another_folder_is_not_shown(api: Api) -> None:
    versioned(api, b"1")
    deletion = api.client(deletes_versions=True).delete(f"/v1/images/{KEY}?versions=all").json()

    answer = api.client(prefix_claim="folder").get(deletion["receipt"])

    assert answer.status_code == 403


@pytest.mark.parametrize("receipt_id", ["0" * 32, "x%23y", "..", "a" * 3000])
def test_an_unknown_receipt_is_not_found(client: TestClient, receipt_id: str) -> None:
    assert client.get(f"/v1/deletions/{receipt_id}").status_code == 404


def test_a_purge_sends_each_key_once(api: Api, queue: str) -> None:
    answer = api.client(purge_queue=queue).post(
        "/v1/purge", json={"keys": ["a.jpg", "b.jpg", "a.jpg"]}
    )

    assert answer.status_code == 202
    assert answer.json() == {"keys": ["a.jpg", "b.jpg"]}
    raw = api.aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(purge.read(each["Body"]).key for each in raw) == ["a.jpg", "b.jpg"]


def test_a_stack_without_purge_says_so(client: TestClient) -> None:
    answer = client.post("/v1/purge", json={"keys": ["a.jpg"]})

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Wait five minutes")
