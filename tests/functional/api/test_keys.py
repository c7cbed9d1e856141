"""Keys: what comes in as a key goes out as that key, or is refused with a clear sentence."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from shared.model.errors import UnsupportedKey
from tests.functional.api.conftest import ANN, Api
from worker.api.keys import accepted_key, is_accepted
from worker.api.problems import BadKey

pytestmark = pytest.mark.functional

OUTSIDE = [
    "../bob/a.jpg",
    "users/ann/../bob/a.jpg",
    "users/ann/%2e%2e/bob/a.jpg",
    "users/ann/%2E./bob/a.jpg",
    "users/ann%2f..%2fbob/a.jpg",
    "users/ann/..%2fbob/a.jpg",
    "users/ann/%252e%252e/bob/a.jpg",
    "users/ann/%25252e%25252e%25252fbob/a.jpg",
    "users/ann/\uff0e\uff0e/bob/a.jpg",
    "users/ann/%ef%bc%8e%ef%bc%8e/bob/a.jpg",
    "users/ann/\u2025/bob/a.jpg",
    "users/ann/..\\bob/a.jpg",
    "users/ann/..\uff0fbob/a.jpg",
    "users/ann/.\u200b./a.jpg/../x",
    "users/ann/%c0%ae%c0%ae/bob/a.jpg",
    "users/ann/%C0%AE./bob/a.jpg",
    "users/ann/%25c0%25ae%25c0%25ae/bob/a.jpg",
    "users/ann/%e0%80%ae%e0%80%ae/bob/a.jpg",
    "users/ann/%f0%80%80%ae%f0%80%80%ae/bob/a.jpg",
    "users/ann/..%c0%afbob/a.jpg",
    "users/ann/\ufffd\ufffd/a.jpg",
    "users/anna/a.jpg",
    "users/bob/a.jpg",
    "users/ann",
    "/users/ann/a.jpg",
    "users%2Fann%2Fa.jpg",
    "Users/ann/a.jpg",
]
REFUSED = [
    "",
    "a/",
    "a/.",
    "./a.jpg",
    "a/./b.jpg",
    "_private/a.jpg",
    "a/_b/c.jpg",
    "\uff3fprivate/a.jpg",
    "%5Fprivate/a.jpg",
    "%255fprivate/a.jpg",
    "a\x00.jpg",
    "a%00.jpg",
    "a\r\nSet-Cookie: x.jpg",
    "a%0d%0aSet-Cookie: x.jpg",
    "a\x85.jpg",
    "a\u2028.jpg",
    "a\ud800.jpg",
    "a\uffff.jpg",
    "a\ufffd.jpg",
    "a%c1%81.jpg",
    "a/${filename}",
    "k" * 1020,
    "ü" * 600,
    "k" * 2000,
]
KEPT = [
    "a.jpg",
    "100%.jpg",
    "100%25.jpg",
    "50%ab.jpg",
    "50%c3%bc.jpg",
    "a+b c.jpg",
    "a/b//c.jpg",
    "/a.jpg",
    "...jpg",
    ".hidden",
    "a/..b/c..jpg",
    "a/_name.jpg",
    "ü/日本/🏞️.jpg",
    "a?b#c&d=e;f.jpg",
    "a\\b.jpg",
    "'\"<script>.jpg",
    "$filename",
]


def sign(client: TestClient, key: str) -> Any:  # noqa: ANN401
    body = json.dumps({"key": key, "bytes": 9, "type": "image/jpeg"})
    return client.post("/v1/uploads", content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("key", OUTSIDE)
def test_no_key_outside_of_the_folder_is_reached(api: Api, key: str) -> None:
    client = api.client(prefix_claim="folder")

    answers = [
        sign(client, key),
        client.get("/v1/image", params={"key": key}),
        client.delete("/v1/image", params={"key": key}),
        client.post("/v1/deletions", json={"keys": [key]}),
        client.post("/v1/images", files={"files": (key, b"x", "image/jpeg")}, data={"folder": ""}),
    ]

    assert {each.status_code for each in answers} <= {400, 403}
    assert api.keys() == []


@pytest.mark.parametrize("encoded", ["users/ann/..%2Fbob/a.jpg", "users/ann/%2e%2e/bob/a.jpg"])
def test_no_path_outside_of_the_folder_is_reached(api: Api, encoded: str) -> None:
    """API Gateway decodes a path before it calls the function."""
    api.drop("users/bob/a.jpg")
    client = api.client(prefix_claim="folder")

    answers = [client.get(f"/v1/images/{encoded}"), client.delete(f"/v1/images/{encoded}")]

    assert {each.status_code for each in answers} <= {400, 403}
    assert api.keys() == ["users/bob/a.jpg"]


@pytest.mark.parametrize("key", REFUSED)
def test_a_key_that_means_different_things_is_refused(client: TestClient, key: str) -> None:
    answer = sign(client, key)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize("key", KEPT)
def test_an_unusual_key_is_kept_as_it_is(api: Api, key: str) -> None:
    client = api.client()

    signed = sign(client, key).json()
    api.drop(key)
    found = client.get(signed["image"])

    assert signed["key"] == signed["fields"]["key"] == key
    assert (found.status_code, found.json()["key"]) == (202, key)


@given(key=st.text(max_size=60) | st.text("./%25eE2fF_\\\uff0e\uff0f ab", max_size=20))
@settings(max_examples=300)
def test_a_key_is_accepted_unchanged_or_refused_with_a_sentence(key: str) -> None:
    if is_accepted(key):
        assert accepted_key(key, "") == key
        assert not {".", ".."} & set(key.split("/"))
    else:
        with pytest.raises((BadKey, UnsupportedKey), match=r"\.$"):
            accepted_key(key, "")


@given(key=st.text(min_size=1, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_comes_in_as_a_key_goes_out_as_that_key_or_as_a_clear_400(api: Api, key: str) -> None:
    client = api.client()

    signed = sign(client, key)
    asked = client.get(f"/v1/image?key={quote(key, safe='', errors='surrogatepass')}")

    if signed.status_code == 201:
        assert signed.json()["fields"]["key"] == key
        assert asked.status_code == 404
    else:
        assert (signed.status_code, asked.status_code) == (400, 400)
        assert signed.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "folder", ["", "/", "..", "a/..", "_a", "a%2fb/%2e%2e", "a\nb", "\uff0e."]
)
def test_a_token_whose_claim_names_no_folder_reaches_nothing(api: Api, folder: str) -> None:
    client = api.client({**ANN, "folder": folder}, prefix_claim="folder")

    assert sign(client, "a.jpg").status_code == 403
    assert client.get("/v1/images").status_code == 403


def test_a_claim_without_a_slash_at_its_end_means_a_folder(api: Api) -> None:
    client = api.client(prefix_claim="folder")

    assert sign(client, "users/ann/a.jpg").status_code == 201
    assert sign(client, "users/annabel/a.jpg").status_code == 403


def test_the_stacks_own_folder_bounds_every_token(api: Api) -> None:
    client = api.client(prefix="uploads/", prefix_claim="folder")

    assert sign(client, "uploads/users/ann/a.jpg").status_code == 201
    assert sign(client, "users/ann/a.jpg").status_code == 403


def test_an_endless_encoding_ends(client: TestClient) -> None:
    assert sign(client, "%" + "25" * 500 + "2e").status_code in {201, 400}
