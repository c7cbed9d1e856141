import pytest

from scripts.local.edge.messages import Request, Response
from scripts.local.edge.representation import answer

CHANGED = "Fri, 15 Jan 2027 12:00:00 GMT"
EARLIER, LATER = "Fri, 15 Jan 2027 11:00:00 GMT", "Fri, 15 Jan 2027 13:00:00 GMT"
WHOLE = Response(
    200,
    {
        "cache-control": "max-age=60",
        "content-length": "10",
        "content-type": "image/jpeg",
        "etag": '"one"',
        "last-modified": CHANGED,
        "x-amz-meta-pixfleet-version": "0123456789ab",
    },
    b"0123456789",
)


def asked(method: str = "GET", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(WHOLE, Request(method, "/a.jpg", "", named))


def test_without_conditions_the_whole_object_is_the_answer() -> None:
    assert asked() == WHOLE


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"if_none_match": '"one"'}, id="etag"),
        pytest.param({"if_none_match": '"zero", W/"one"'}, id="weak-in-a-list"),
        pytest.param({"if_none_match": "*"}, id="any"),
        pytest.param({"if_modified_since": CHANGED}, id="same-time"),
        pytest.param({"if_modified_since": LATER}, id="later"),
    ],
)
def test_an_unchanged_object_is_a_304_without_body_and_metadata(
    method: str, headers: dict[str, str]
) -> None:
    response = asked(method, **headers)

    assert response.status == 304
    assert response.body == b""
    assert set(response.headers) == {"cache-control", "content-length", "etag", "last-modified"}
    assert response.headers["content-length"] == "10"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"if_none_match": '"two"'}, id="other-etag"),
        pytest.param({"if_modified_since": EARLIER}, id="earlier"),
        pytest.param({"if_modified_since": "yesterday"}, id="no-date"),
        pytest.param({"if_none_match": '"two"', "if_modified_since": LATER}, id="etag-wins"),
    ],
)
def test_a_changed_object_is_sent(headers: dict[str, str]) -> None:
    assert asked(**headers) == WHOLE


def test_an_object_without_etag_matches_no_etag() -> None:
    request = Request("GET", "/a.jpg", "", {"if-none-match": '"one", '})

    assert answer(WHOLE.without("etag"), request).status == 200


def test_head_has_the_headers_only() -> None:
    response = asked("HEAD")

    assert (response.status, response.headers, response.body) == (200, WHOLE.headers, b"")


@pytest.mark.parametrize(
    ("wanted", "part", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_a_206(wanted: str, part: bytes, content_range: str) -> None:
    response = asked(range=wanted)

    assert (response.status, response.body) == (206, part)
    assert response.headers["content-range"] == content_range
    assert response.headers["content-length"] == str(len(part))
    assert response.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_a_416(wanted: str) -> None:
    response = asked(range=wanted)

    assert (response.status, response.body) == (416, b"")
    assert response.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "bytes=4-2", "bytes=-", "lines=1-2", "0-1"])
def test_a_range_that_is_not_understood_is_ignored(wanted: str) -> None:
    assert asked(range=wanted) == WHOLE


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"one"', 206), ('"two"', 200), ('W/"one"', 200), (CHANGED, 206), (EARLIER, 200)],
)
def test_if_range_sends_the_whole_object_once_it_has_changed(condition: str, status: int) -> None:
    assert asked(range="bytes=0-1", if_range=condition).status == status


@pytest.mark.parametrize("status", [302, 403, 404, 503])
def test_errors_and_redirects_know_no_conditions(status: int) -> None:
    error = Response(status, WHOLE.headers, b"sorry")
    request = Request("GET", "/a.jpg", "", {"if-none-match": "*", "range": "bytes=0-1"})

    assert answer(error, request) == error
    assert answer(error, Request("HEAD", "/a.jpg")).body == b""
