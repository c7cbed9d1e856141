"""What a caller sees if AWS or the program fails: a problem, and nothing from inside."""

from typing import Any

import msgspec
import pytest

from shared.cloud.source_bucket import SourceBucket
from shared.model.errors import (
    AccessDenied,
    LedgerUnavailable,
    PixfleetError,
    SourceEncrypted,
    StorageUnavailable,
    Throttled,
    Unknown,
    UnsupportedKey,
)
from tests.functional.api.conftest import Api
from worker.api.deletions import versions
from worker.api.problems import BadKey
from worker.api.sealed import seal
from worker.api.translation import problem_of

pytestmark = pytest.mark.functional

KEY = "photos/cat.jpg"
SECRET = "arn:aws:s3:::secret-bucket"  # noqa: S105 - what must not be shown


def broken(error: Exception) -> Any:  # noqa: ANN401 - a method of any kind
    def fail(*_arguments: object, **_named: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Throttled(SECRET), 503),
        (StorageUnavailable(SECRET), 503),
        (LedgerUnavailable(SECRET), 503),
        (AccessDenied(SECRET), 500),
        (Unknown(SECRET), 500),
        (PixfleetError(SECRET), 500),
        (KeyError(SECRET), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_a_problem_without_a_word_from_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    monkeypatch.setattr(SourceBucket, "describe", broken(error))

    answer = api.client().get("/v1/image", params={"key": KEY})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (status == 503) == (answer.headers.get("retry-after") == "5")
    assert SECRET not in answer.text


def test_an_unexpected_failure_is_logged_with_its_request(
    api: Api, monkeypatch: pytest.MonkeyPatch, log_lines: list[Any]
) -> None:
    monkeypatch.setattr(SourceBucket, "describe", broken(KeyError("x")))

    answer = api.client().get("/v1/image", params={"key": KEY})

    failure, call = log_lines
    assert failure["exc_info"]
    assert answer.json()["request_id"] == call["request_id"] == failure["request_id"]


def test_a_failure_for_one_of_several_keys_is_logged_with_its_request(
    api: Api, monkeypatch: pytest.MonkeyPatch, log_lines: list[Any]
) -> None:
    monkeypatch.setattr(SourceBucket, "describe", broken(Throttled("slow")))

    api.client().post("/v1/deletions", json={"keys": ["a.jpg", "b.jpg"]})

    assert [each["event"] for each in log_lines] == [
        "a deletion failed",
        "a deletion failed",
        "api call",
    ]
    assert {each["request_id"] for each in log_lines} == {"request-1"}


def test_a_key_that_is_refused_below_is_a_bad_key() -> None:
    problem = problem_of(UnsupportedKey("Expected a shorter key.", stage="key"))

    assert isinstance(problem, BadKey)
    assert problem.detail == "Choose another key: expected a shorter key."


def test_a_source_with_its_owners_key_is_told_as_it_was_rejected(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers HEAD with a bare 400 then, which moto does not."""
    api.drop(KEY)
    api.reject(KEY, SourceEncrypted("Expected another key.", stage="head"))
    monkeypatch.setattr(SourceBucket, "_head", lambda _self, _key: None)

    answer = api.client().get("/v1/image", params={"key": KEY})

    assert (answer.status_code, answer.json()["cause"]) == (422, "source_encrypted")


def test_a_source_without_a_recipe_is_not_pending_for_ever(api: Api) -> None:
    recipes = b'{"version":1,"recipes":[{"name":"only","match":{"suffixes":[".png"]},"variants":'
    recipes += b'[{"name":"s","width":9,"formats":["webp"]}]}]}'
    api.aws.s3.put_object(Bucket="variants", Key="_recipes/test.json", Body=recipes)
    api.drop(KEY)

    assert api.client().get("/v1/image", params={"key": KEY}).status_code == 422


def test_more_versions_than_a_receipt_holds_need_the_request_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MAX_VERSIONS", 2)
    api.aws.s3.put_bucket_versioning(
        Bucket="sources", VersioningConfiguration={"Status": "Enabled"}
    )
    for data in (b"1", b"2", b"3"):
        api.drop(KEY, data)
    client = api.client(deletes_versions=True)

    outcomes = []
    for _ in range(2):
        deletion = client.delete("/v1/image", params={"key": KEY, "versions": "all"}).json()
        receipt = client.get(deletion["receipt"]).json()
        outcomes.append((deletion["outcome"], receipt["state"], len(receipt["version_ids"])))

    assert outcomes == [("incomplete", "incomplete", 2), ("deleted", "done", 1)]


def test_a_cursor_of_an_earlier_release_is_refused(api: Api) -> None:
    earlier = msgspec.defstruct("Cursor", [("page", int)])

    cursor = seal(earlier(3), api.context.shared.signing_key)

    assert api.client().get("/v1/images", params={"cursor": cursor}).status_code == 400
