"""Multipart uploads: signed parts, resumption, completion and abortion."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.functional.api.conftest import ANN, Api
from worker.api.uploads.parts import PART_BYTES, part_count, part_length

pytestmark = pytest.mark.functional

KEY = "photos/large.tif"
# Two parts, the second shorter.
BYTES = PART_BYTES + 1000


def begin(client: TestClient, **fields: object) -> Any:  # noqa: ANN401 - JSON
    wanted = {"key": KEY, "bytes": BYTES, "type": "image/tiff", "method": "MULTIPART"}
    answer = client.post("/v1/uploads", json={**wanted, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def sign(client: TestClient, upload_id: str, number: object) -> Response:
    return client.post(f"/v1/uploads/{upload_id}/parts/{number}")


def send(api: Api, url: str, data: bytes) -> None:
    """Store a part as its signed URL would."""
    query = parse_qs(urlsplit(url).query)
    api.aws.s3.upload_part(
        Bucket="sources",
        Key=KEY,
        UploadId=query["uploadId"][0],
        PartNumber=int(query["partNumber"][0]),
        Body=data,
    )


def send_all(api: Api, client: TestClient, upload_id: str, *numbers: int) -> None:
    for number in numbers:
        part = sign(client, upload_id, number).json()
        send(api, part["url"], bytes(part["bytes"]))


def test_a_file_is_stored_from_its_parts(api: Api) -> None:
    client = api.client()
    upload = begin(client)
    send_all(api, client, upload["upload_id"], 2, 1)

    done = client.post(f"/v1/uploads/{upload['upload_id']}/complete")

    found = api.aws.s3.head_object(Bucket="sources", Key=KEY)
    assert (done.status_code, done.json()["bytes"]) == (200, BYTES)
    assert (found["ContentLength"], found["ContentType"]) == (BYTES, "image/tiff")
    assert found["Metadata"] == {"pixfleet-owner": "ann@example.com"}


def test_a_repeated_completion_is_answered_as_the_first(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    send_all(api, client, upload_id, 1, 2)

    answers = [client.post(f"/v1/uploads/{upload_id}/complete") for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_an_aborted_upload_is_not_completed_by_an_earlier_source(api: Api) -> None:
    api.drop(KEY, bytes(BYTES))
    client = api.client()
    upload_id = begin(client)["upload_id"]
    client.delete(f"/v1/uploads/{upload_id}")

    assert client.post(f"/v1/uploads/{upload_id}/complete").status_code == 404


def test_the_plan_of_the_parts_is_told(client: TestClient) -> None:
    upload = begin(client)

    assert (upload["part_bytes"], upload["parts"]) == (PART_BYTES, 2)


def test_the_length_of_each_part_is_signed(client: TestClient) -> None:
    upload_id = begin(client)["upload_id"]

    parts = [sign(client, upload_id, number).json() for number in (1, 2)]

    assert [each["bytes"] for each in parts] == [PART_BYTES, 1000]
    for part in parts:
        (names,) = parse_qs(urlsplit(part["url"]).query)["X-Amz-SignedHeaders"]
        assert names == "content-length;host"


@pytest.mark.parametrize(
    "number", ["0", "3", "10000", "-1", "x", "1.5", "٣", "99999999999999999999"]
)
def test_only_the_parts_of_the_file_are_signed(client: TestClient, number: str) -> None:
    upload_id = begin(client)["upload_id"]

    assert sign(client, upload_id, number).status_code in {400, 404}


def test_ten_thousand_parts_are_never_signed(api: Api) -> None:
    client = api.client()
    upload = begin(client, bytes=300 * 2**20)

    assert upload["parts"] == 38
    assert sign(client, upload["upload_id"], 39).status_code == 404


def test_an_interrupted_upload_goes_on(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    send_all(api, client, upload_id, 1)

    listed = client.get(f"/v1/uploads/{upload_id}/parts").json()

    assert listed["missing"] == [2]
    (part,) = listed["parts"]
    assert (part["PartNumber"], part["Size"]) == (1, PART_BYTES)
    assert part["ETag"].startswith('"')


def test_an_upload_without_all_parts_is_not_completed(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    send_all(api, client, upload_id, 1)

    answer = client.post(f"/v1/uploads/{upload_id}/complete")

    assert (answer.status_code, answer.json()["missing"]) == (409, [2])
    assert api.keys() == []


def test_a_part_of_another_length_is_missing(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    send_all(api, client, upload_id, 1)
    send(api, sign(client, upload_id, 2).json()["url"], bytes(2000))

    answer = client.post(f"/v1/uploads/{upload_id}/complete")

    assert (answer.status_code, answer.json()["missing"]) == (409, [2])


def test_a_source_that_appeared_meanwhile_is_kept(api: Api) -> None:
    client = api.client()
    upload_id = begin(client, if_absent=True)["upload_id"]
    send_all(api, client, upload_id, 1, 2)
    api.drop(KEY, b"another")

    answer = client.post(f"/v1/uploads/{upload_id}/complete")

    assert answer.status_code == 409
    assert api.aws.s3.head_object(Bucket="sources", Key=KEY)["ContentLength"] == 7


def test_an_aborted_upload_is_over(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    send_all(api, client, upload_id, 1)

    aborted = client.delete(f"/v1/uploads/{upload_id}")
    after = [
        client.get(f"/v1/uploads/{upload_id}/parts"),
        client.post(f"/v1/uploads/{upload_id}/complete"),
    ]

    assert (aborted.status_code, aborted.content) == (204, b"")
    assert [each.status_code for each in after] == [404, 404]


def test_a_checksum_is_refused_because_s3_cannot_check_it(client: TestClient) -> None:
    wanted = {"key": KEY, "bytes": BYTES, "type": "image/tiff", "method": "MULTIPART"}

    answer = client.post("/v1/uploads", json={**wanted, "sha256": "0" * 64})

    assert answer.status_code == 400


@pytest.mark.parametrize("change", ["key", "nonsense", "cursor"])
def test_a_forged_upload_id_is_refused(api: Api, change: str) -> None:
    for number in range(2):
        api.drop(f"{number}.jpg")
    client = api.client()
    upload_id = begin(client)["upload_id"]
    cursor = client.get("/v1/images", params={"limit": 1}).json()["cursor"]
    forged = {
        "key": upload_id[:30] + ("A" if upload_id[30] != "A" else "B") + upload_id[31:],
        "nonsense": "A" * 300,
        "cursor": cursor,
    }[change]

    assert sign(client, forged, 1).status_code == 404


def test_an_upload_belongs_to_its_caller(api: Api) -> None:
    upload_id = begin(api.client())["upload_id"]

    answer = sign(api.client({**ANN, "sub": "bob"}), upload_id, 1)

    assert answer.status_code == 404


def test_an_upload_is_over_after_a_day(api: Api) -> None:
    client = api.client()
    upload_id = begin(client)["upload_id"]
    api.context.clock.sleep(86_401)  # type: ignore[attr-defined] # a fake clock

    assert sign(client, upload_id, 1).status_code == 404


@pytest.mark.parametrize("total", [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES])
def test_the_lengths_of_all_parts_are_the_length_of_the_file(total: int) -> None:
    lengths = [part_length(total, number + 1) for number in range(part_count(total))]

    assert sum(lengths) == total
    assert min(lengths) > 0
