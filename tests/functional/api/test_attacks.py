"""Requests of an attacker: none is answered with 500, changes anything, or reaches others."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.functional.api.conftest import ANN, Api

pytestmark = pytest.mark.functional

JSON = {"Content-Type": "application/json"}
BOB = {"sub": "bob@example.com", "folder": "users/bob"}
LARGE = {"key": "users/ann/p.tif", "bytes": 20_000_000, "type": "image/tiff"}


def assert_refused(answer: Any, *statuses: int) -> None:  # noqa: ANN401 - a Response
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "query",
    [
        *(f"wait={value}" for value in ("-1", "21", "1e9", "NaN", "Infinity", "9" * 5_000)),
        *(
            f"wait={value}"
            for value in ("", "true", "+1", "0x1", "1_0", "%EF%BC%91", "%FF", "%00")
        ),
        "wait=1&wait=1",
        "wait[]=1",
        "wait=1;wait=2",
        "key=b.jpg",
        "%FF=1",
        "Key=b.jpg",
    ],
    ids=lambda query: query[:20],
)
def test_an_odd_wait_is_refused_at_once(api: Api, query: str) -> None:
    api.drop("a.jpg")

    async def sleep(_seconds: float) -> None:
        pytest.fail("It has waited.")

    answer = api.client(sleep=sleep).get(f"/v1/image?key=a.jpg&{query}")

    assert_refused(answer, 400)


@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={value}" for value in ("0", "101", "-1", "x", "9" * 5_000)),
        "limit=1&limit=2",
        "status=READY",
        "status=",
        "prefix=%FF",
        "prefix=%c0%ae%c0%ae/",
        "prefix=a%00",
        "prefix=a%0d%0aX-Evil:%201",
        "prefix=..%2f",
        "prefix=" + "%C3%BC" * 600,
        "prefix=" + "a" * 1_025,
        *(f"cursor={value}" for value in ("", "%FF", "%00", "x", "A" * 9_000)),
        "cursor=a&cursor=b",
        "acl",
    ],
    ids=lambda query: query[:30],
)
def test_an_odd_list_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/images?{query}")

    assert_refused(answer, 400)
    assert "x-evil" not in answer.headers


def test_a_cursor_of_another_prefix_or_person_is_refused(api: Api) -> None:
    for name in ("users/ann/1.jpg", "users/ann/2.jpg", "users/bob/1.jpg", "users/bob/2.jpg"):
        api.drop(name)
    ann, bob = (api.client(each, prefix_claim="folder") for each in (ANN, BOB))
    cursor = ann.get("/v1/images", params={"limit": 1}).json()["cursor"]

    assert_refused(bob.get("/v1/images", params={"cursor": cursor}), 400)
    of_another = {"cursor": cursor, "prefix": "users/ann/1"}
    assert_refused(ann.get("/v1/images", params=of_another), 400)
    for changed in (cursor[:-1], cursor + "AAAA", cursor[1:], cursor.swapcase()):
        assert_refused(ann.get("/v1/images", params={"cursor": changed}), 400)
    assert ann.get("/v1/images", params={"cursor": cursor}).status_code == 200


def test_a_cursor_that_another_stack_has_sealed_is_refused(api: Api) -> None:
    for name in ("1.jpg", "2.jpg"):
        api.drop(name)
    cursor = api.client().get("/v1/images", params={"limit": 1}).json()["cursor"]
    api.context.shared.__dict__["signing_key"] = bytes(32)

    assert_refused(api.client().get("/v1/images", params={"cursor": cursor}), 400)


@pytest.mark.parametrize(
    "number", ["0", "10001", "-0", "+1", "%201", "01", "1_0", "true", "null", "%00"]
)
def test_an_odd_number_of_a_part_is_refused(client: TestClient, number: str) -> None:
    upload_id = client.post("/v1/uploads", json={**LARGE, "method": "MULTIPART"}).json()[
        "upload_id"
    ]

    assert_refused(client.post(f"/v1/uploads/{upload_id}/parts/{number}"), 400, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/parts/1"),
        ("GET", "/parts"),
        ("POST", "/complete"),
        ("DELETE", ""),
    ],
)
def test_nobody_else_touches_an_upload(api: Api, method: str, path: str) -> None:
    ann, bob = (api.client(each, prefix_claim="folder") for each in (ANN, BOB))
    upload_id = ann.post("/v1/uploads", json={**LARGE, "method": "MULTIPART"}).json()["upload_id"]

    assert_refused(bob.request(method, f"/v1/uploads/{upload_id}{path}"), 403, 404)
    # The same person, whose folder has changed.
    moved = api.client({**ANN, "folder": "users/anna"}, prefix_claim="folder")
    assert_refused(moved.request(method, f"/v1/uploads/{upload_id}{path}"), 403)
    assert ann.get(f"/v1/uploads/{upload_id}/parts").status_code == 200


@pytest.mark.parametrize(
    "receipt_id", ["x", "a" * 3_000, "%00", "signing-key%23api", "%D9%A3" * 32, "A" * 32, "g" * 32]
)
def test_a_receipt_that_nobody_wrote_is_not_found(client: TestClient, receipt_id: str) -> None:
    assert_refused(client.get(f"/v1/deletions/{receipt_id}"), 404)


def test_nobody_else_reads_a_receipt(api: Api) -> None:
    api.drop("users/ann/a.jpg")
    ann, bob = (
        api.client(each, prefix_claim="folder", deletes_versions=True) for each in (ANN, BOB)
    )
    deletion = ann.delete("/v1/image?key=users/ann/a.jpg&versions=all").json()

    assert_refused(bob.get(deletion["receipt"]), 403)
    assert ann.get(deletion["receipt"]).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/image?key=a.jpg&versions=all", None),
        ("DELETE", "/v1/images/a.jpg?versions=all", None),
        ("POST", "/v1/deletions", {"keys": ["a.jpg"], "versions": "all"}),
        ("DELETE", "/v1/image?key=a.jpg&versions=current&versions=all", None),
        ("DELETE", "/v1/image?key=a.jpg&versions=ALL", None),
        ("DELETE", "/v1/image?key=a.jpg&Versions=all", None),
        ("POST", "/v1/deletions", {"keys": ["a.jpg"], "versions": ["all"]}),
        ("POST", "/v1/deletions?versions=all", {"keys": ["a.jpg"]}),
    ],
)
def test_versions_are_kept_where_their_deletion_is_not_configured(
    api: Api, method: str, path: str, body: object
) -> None:
    api.drop("a.jpg")

    assert_refused(api.client().request(method, path, json=body), 400, 403)
    assert api.keys() == ["a.jpg"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"keys":[' + b'"a",' * 60_000 + b'"a"]}',
        b'{"keys":' + b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"keys":["a.jpg"],"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"keys":["' + b"\\u0000" * 10 + b'"]}',
        b'{"keys":["\\ud800"]}',
        b'{"keys":["a.jpg",null]}',
        b'{"keys":{"0":"a.jpg"}}',
        b'{"keys":"a.jpg"}',
        b'{"keys":[]}',
        b'{"keys":["a.jpg","../b.jpg"]}',
        b'\xef\xbb\xbf{"keys":["a.jpg"]}',
        b'{"keys":["a.jpg"]}{"keys":["b.jpg"]}',
        '{"keys":["a.jpg"]}'.encode("utf-16"),
        b"9" * 5_000,
        b"NaN",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
@pytest.mark.parametrize("path", ["/v1/deletions", "/v1/purge"])
def test_odd_json_deletes_nothing(api: Api, path: str, body: bytes) -> None:
    api.drop("a.jpg")
    queue = api.aws.sqs.create_queue(QueueName="purges")["QueueUrl"]

    answer = api.client(purge_queue=queue).post(path, content=body, headers=JSON)

    assert_refused(answer, 400)
    assert api.keys() == ["a.jpg"]
    assert "Messages" not in api.aws.sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize(
    "number", ["9" * 5_000, "1e400", "1e3", "NaN", "-0", "true", '"9"', "[9]", "0x9", "9" * 19]
)
def test_an_odd_length_signs_nothing(client: TestClient, number: str) -> None:
    body = f'{{"key":"a.jpg","bytes":{number},"type":"image/jpeg"}}'

    assert_refused(client.post("/v1/uploads", content=body, headers=JSON), 400, 413)


@pytest.mark.parametrize("kind", ["image/jpeg\\r\\nX-Evil: 1", "image/jpeg\\u0000", "image/*"])
def test_a_type_with_another_header_in_it_signs_nothing(client: TestClient, kind: str) -> None:
    body = f'{{"key":"a.jpg","bytes":9,"type":"{kind}"}}'

    assert_refused(client.post("/v1/uploads", content=body, headers=JSON), 415)


@pytest.mark.parametrize(
    ("first", "second"), [("application/json", "text/plain"), ("text/plain", "application/json")]
)
def test_two_types_of_a_body_are_refused(client: TestClient, first: str, second: str) -> None:
    headers = [("Content-Type", first), ("Content-Type", second)]
    body = b'{"key":"a.jpg","bytes":9,"type":"image/jpeg"}'

    assert_refused(client.post("/v1/uploads", content=body, headers=headers), 400)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_not_unpacked(client: TestClient, encoding: str) -> None:
    import gzip  # noqa: PLC0415

    body = gzip.compress(b" " * 100_000_000, 9)
    headers = {**JSON, "Content-Encoding": encoding}

    assert_refused(client.post("/v1/uploads", content=body, headers=headers), 400)


@pytest.mark.parametrize("owner", ["", "x" * 1_025, "ü" * 200, "\ud800"])
def test_an_owner_that_s3_cannot_store_uploads_nothing(api: Api, owner: str) -> None:
    """Cut to what fits, two people would be one owner."""
    client = api.client({**ANN, "sub": owner})

    assert_refused(client.post("/v1/uploads", json={**LARGE, "method": "PUT"}), 403)
    assert_refused(client.post("/v1/images", files={"files": ("a.jpg", b"x", "image/jpeg")}), 403)
    assert api.keys() == []


@pytest.mark.parametrize("known", ["*", "W/", ",", '"', "a" * 10_000, "," * 10_000])
def test_an_odd_etag_is_no_match(api: Api, known: str) -> None:
    api.drop("a.jpg")
    api.publish("a.jpg")

    answer = api.client().get("/v1/image?key=a.jpg", headers={"If-None-Match": known})

    assert answer.status_code == (304 if known == "*" else 200)
