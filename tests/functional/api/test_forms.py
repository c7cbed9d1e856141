"""POST /v1/images: several small files in one form."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from shared.cloud.source_bucket import SourceBucket
from shared.model.errors import StorageUnavailable
from tests.functional.api.conftest import Api

pytestmark = pytest.mark.functional

JPEG = "image/jpeg"


def send(client: TestClient, *names: str, kind: str = JPEG, **fields: str) -> Response:
    files = [("files", (name, b"picture", kind)) for name in names]
    return client.post("/v1/images", files=files, data=fields)


def outcomes(answer: Response) -> list[tuple[str, str]]:
    return [(each["name"], each["outcome"]) for each in answer.json()["files"]]


def test_several_files_are_stored(api: Api) -> None:
    answer = send(api.client(), "a.jpg", "ü b.jpg", folder="photos/")

    assert answer.status_code == 201
    assert outcomes(answer) == [("a.jpg", "stored"), ("ü b.jpg", "stored")]
    assert [each["key"] for each in answer.json()["files"]] == ["photos/a.jpg", "photos/ü b.jpg"]
    found = api.aws.s3.head_object(Bucket="sources", Key="photos/a.jpg")
    assert found["ContentType"] == JPEG
    assert found["Metadata"] == {"pixfleet-owner": "ann@example.com"}


def test_files_go_into_the_folder_of_the_token(api: Api) -> None:
    answer = send(api.client(prefix_claim="folder"), "a.jpg")

    assert answer.json()["files"][0]["key"] == "users/ann/a.jpg"


def test_none_is_stored_if_one_exists(api: Api) -> None:
    api.drop("b.jpg", b"earlier")

    answer = send(api.client(), "a.jpg", "b.jpg")

    assert answer.status_code == 409
    assert outcomes(answer) == [("a.jpg", "not stored"), ("b.jpg", "exists")]
    assert api.keys() == ["b.jpg"]


def test_one_that_appears_meanwhile_is_kept_and_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = SourceBucket.put

    def slow(self: SourceBucket, key: str, data: bytes, **named: Any) -> None:  # noqa: ANN401
        if key == "b.jpg":
            api.drop("b.jpg", b"earlier")
        put(self, key, data, **named)

    monkeypatch.setattr(SourceBucket, "put", slow)

    answer = send(api.client(), "a.jpg", "b.jpg")

    assert answer.status_code == 409
    assert outcomes(answer) == [("a.jpg", "stored"), ("b.jpg", "exists")]
    found = api.aws.s3.get_object(Bucket="sources", Key="b.jpg")
    assert found["Body"].read() == b"earlier"


def test_replace_replaces(api: Api) -> None:
    api.drop("a.jpg", b"earlier")

    answer = send(api.client(), "a.jpg", replace="true")

    assert answer.status_code == 201


def test_a_failure_is_told_for_its_file(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    put = SourceBucket.put

    def broken(self: SourceBucket, key: str, data: bytes, **named: Any) -> None:  # noqa: ANN401
        if key == "a.jpg":
            raise StorageUnavailable("Expected an answer, got none.")
        put(self, key, data, **named)

    monkeypatch.setattr(SourceBucket, "put", broken)

    answer = send(api.client(), "a.jpg", "b.jpg")

    assert answer.status_code == 503
    assert outcomes(answer) == [("a.jpg", "failed"), ("b.jpg", "stored")]


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("a.html", "text/html", 415),
        ("a.svg", "image/svg+xml", 415),
        ("a.jpg", "", 415),
        ("../a.jpg", JPEG, 400),
        ("_x/a.jpg", JPEG, 400),
        ("a%0d%0aSet-Cookie: x.jpg", JPEG, 400),
        ("a.jpg\r\nContent-Type: text/html", JPEG, 400),
        ("%2e%2e%2fa.jpg", JPEG, 400),
        ("\uff0e\uff0e/a.jpg", JPEG, 400),
    ],
)
def test_nothing_is_stored_if_one_file_is_refused(
    api: Api, name: str, kind: str, status: int
) -> None:
    files = [("files", ("fine.jpg", b"x", JPEG)), ("files", (name, b"x", kind))]

    answer = api.client().post("/v1/images", files=files)

    assert answer.status_code == status
    assert [outcome for _, outcome in outcomes(answer)] == ["not stored", "refused"]
    assert api.keys() == []


def raw(client: TestClient, disposition: bytes) -> Response:
    body = (
        b"--x\r\nContent-Disposition: form-data; "
        + disposition
        + b"\r\nContent-Type: image/jpeg\r\n\r\npicture\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return client.post("/v1/images", content=body, headers=headers)


@pytest.mark.parametrize(
    "disposition",
    [
        b'name="files"; filename="a\x00.jpg"',
        b'name="files"; filename=""',
        b'name="files"',
        b'name="other"; filename="a.jpg"',
        b'filename="a.jpg"',
        b"",
    ],
)
def test_no_file_name_becomes_a_header_or_an_odd_key(api: Api, disposition: bytes) -> None:
    answer = raw(api.client(), disposition)

    assert answer.status_code == 400
    assert "x-evil" not in answer.headers
    assert api.keys() == []


@pytest.mark.parametrize(
    "disposition",
    [
        b'name="files"; filename="a\r\nX-Evil: 1.jpg"',
        b'name="files"; filename="a\r\nContent-Type: text/html\r\n\r\n.jpg"',
        b'name="files"; filename="a.jpg"; filename="b.jpg"',
        b'name="files"; filename="a.jpg"; filename*=UTF-8\'\'b.jpg',
        b"name=files; filename=\"=?utf-8?B?w7wuanBn?=\"; filename*=utf-8''%C3%BC.jpg",
        b"name=files; filename=a.jpg; filename*=utf-8''a.jpg; filename*=utf-8''b.jpg",
        b'name="files"; filename="a.jpg"\r\nContent-Disposition: form-data; name="files"',
        b'name="files"; filename="a.jpg"\r\nContent-Type: text/html',
        b'name="files"; filename="a\xff.jpg"',
        b'name="files"; filename="\xc0\xae\xc0\xae/a.jpg"',
        b'name="files"; filename="\xef\xbf\xbd.jpg"',
    ],
)
def test_a_name_that_parsers_read_differently_is_refused(api: Api, disposition: bytes) -> None:
    answer = raw(api.client(), disposition)

    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].endswith(".")
    assert "evil" not in f"{answer.headers}".lower()
    assert api.keys() == []


@pytest.mark.parametrize(
    "disposition",
    [
        b"name=files; filename=a.jpg; filename*=utf-8''a.jpg",
        b'name="files"; filename*=UTF-8\'en\'%61.jpg; filename="a.jpg"',
    ],
)
def test_a_name_that_is_written_twice_is_taken_if_both_are_the_same(
    api: Api, disposition: bytes
) -> None:
    assert raw(api.client(), disposition).status_code == 201
    assert api.keys() == ["a.jpg"]


def test_a_quote_in_a_name_is_kept(api: Api) -> None:
    assert raw(api.client(), b'name="files"; filename="a\\"b.jpg"').status_code == 201
    assert api.keys() == ['a"b.jpg']


def test_a_folder_that_is_not_utf_8_is_refused(api: Api) -> None:
    """Read as Latin-1 it would be another folder."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="folder"\r\n\r\n\xfc/\r\n'
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\npicture\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    assert api.client().post("/v1/images", content=body, headers=headers).status_code == 400
    assert api.keys() == []


@pytest.mark.parametrize("charset", ["utf-16", "undefined", "a\0b", "nope", "utf-7", "latin-1"])
def test_a_client_does_not_choose_how_names_are_read(api: Api, charset: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\npicture\r\n--x--\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}

    assert api.client().post("/v1/images", content=body, headers=headers).status_code == 400
    assert api.keys() == []


@pytest.mark.parametrize("left", [1, 10, 40])
def test_a_form_that_was_cut_stores_nothing(api: Api, left: int) -> None:
    """Its last file would be missing in the answer, or shorter than it was."""
    part = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\npicture\r\n"
    )
    body = (part % 1 + part % 2 + b"--x--")[:-left]
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = api.client().post("/v1/images", content=body, headers=headers)

    assert answer.status_code == 400
    assert "last boundary" in answer.json()["detail"]
    assert api.keys() == []


def test_two_files_of_one_name_are_refused(api: Api) -> None:
    assert send(api.client(), "a.jpg", "a.jpg").status_code == 400
    assert api.keys() == []


def test_empty_files_are_refused(api: Api) -> None:
    answer = api.client().post("/v1/images", files=[("files", ("a.jpg", b"", JPEG))])

    assert answer.status_code == 400


def test_a_form_over_the_limit_is_refused(api: Api) -> None:
    files = [("files", ("a.jpg", bytes(4_500_000), JPEG))]

    assert api.client().post("/v1/images", files=files).status_code == 413
    assert api.keys() == []


def test_more_than_twenty_files_are_refused(api: Api) -> None:
    answer = send(api.client(), *(f"{number}.jpg" for number in range(21)))

    assert answer.status_code == 400
    assert "files is 20" in answer.json()["detail"]
    assert api.keys() == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "multipart/form-data", 400),
        (b"", "multipart/form-data; boundary=x", 400),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/json", 415),
    ],
)
def test_what_is_no_form_is_refused(
    client: TestClient, content: bytes, kind: str, status: int
) -> None:
    answer = client.post("/v1/images", content=content, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
