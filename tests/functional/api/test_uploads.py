"""POST /v1/uploads: what is signed, and what is refused."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from boto3.session import Session
from httpx2 import Response
from starlette.testclient import TestClient

from shared.cloud.clients import Clients, build_presigning_client
from shared.cloud.presigner import Presigner, UploadTerms
from tests.functional.api.conftest import NOW, Api
from worker.api.context import CALL_LIMITS
from worker.api.fields import time_of

pytestmark = pytest.mark.functional

PICTURE = b"picture"
WANTED = {"key": "photos/cat.jpg", "bytes": 1000, "type": "image/jpeg"}


def ask(client: TestClient, **fields: object) -> Response:
    return client.post("/v1/uploads", json={**WANTED, **fields})


def policy(signed: Mapping[str, Any]) -> list[Any]:
    document: Any = json.loads(b64decode(signed["fields"]["policy"]))
    return list(document["conditions"])


def signed_headers(url: str) -> set[str]:
    (listed,) = parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"]
    return set(listed.split(";"))


def test_a_form_is_bound_to_key_type_length_checksum_and_owner(client: TestClient) -> None:
    digest = sha256(PICTURE)

    signed = ask(client, sha256=digest.hexdigest()).json()

    checksum = b64encode(digest.digest()).decode()
    conditions = policy(signed)
    for expected in (
        {"bucket": "sources"},
        {"key": "photos/cat.jpg"},
        {"Content-Type": "image/jpeg"},
        {"x-amz-checksum-sha256": checksum},
        {"x-amz-checksum-algorithm": "SHA256"},
        {"x-amz-meta-pixfleet-owner": "ann@example.com"},
        ["content-length-range", 1, 1000],
    ):
        assert expected in conditions
    assert signed["fields"]["x-amz-checksum-sha256"] == checksum


def test_every_field_of_a_form_is_covered_by_its_policy(client: TestClient) -> None:
    signed = ask(client, sha256="0" * 64).json()

    named = {name for each in policy(signed) if isinstance(each, dict) for name in each}
    own = {"policy", "x-amz-signature"}
    assert set(signed["fields"]) - named - own == set()


def test_a_form_is_what_uppy_takes(client: TestClient) -> None:
    answer = ask(client)

    signed = answer.json()
    assert answer.status_code == 201
    assert signed["method"] == "POST"
    assert signed["fields"]["key"] == signed["key"] == "photos/cat.jpg"
    assert "headers" not in signed
    assert signed["image"] == "/v1/image?key=photos%2Fcat.jpg"


def test_a_signature_is_valid_for_a_quarter_of_an_hour(client: TestClient) -> None:
    form, request = (ask(client, method=method).json() for method in ("POST", "PUT"))

    assert parse_qs(urlsplit(request["url"]).query)["X-Amz-Expires"] == ["900"]
    until = json.loads(b64decode(form["fields"]["policy"]))["expiration"]
    left = datetime.fromisoformat(until) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert form["expires_at"] == request["expires_at"] == time_of(NOW + 900)


def test_a_put_is_bound_to_length_type_checksum_owner_and_absence(client: TestClient) -> None:
    signed = ask(client, method="PUT", sha256="0" * 64, if_absent=True).json()

    assert signed_headers(signed["url"]) == {
        "content-length",
        "content-type",
        "host",
        "if-none-match",
        "x-amz-checksum-sha256",
        "x-amz-meta-pixfleet-owner",
    }
    assert signed["headers"] == {
        "Content-Type": "image/jpeg",
        "If-None-Match": "*",
        "x-amz-checksum-sha256": b64encode(bytes(32)).decode(),
        "x-amz-meta-pixfleet-owner": "ann@example.com",
    }
    assert "fields" not in signed


def test_a_put_has_no_checksum_that_nobody_asked_for(client: TestClient) -> None:
    signed = ask(client, method="PUT").json()

    assert "checksum" not in signed["url"].lower()


def test_signed_urls_name_the_endpoint_of_the_region(clients: Clients) -> None:
    session = Session(region_name="eu-west-1")
    presigner = Presigner(
        build_presigning_client(
            CALL_LIMITS, session=session, endpoint_url=clients.s3.meta.endpoint_url
        ),
        "sources",
    )
    terms = UploadTerms("cat.jpg", 1, "image/jpeg")

    form, request = presigner.form(terms, seconds=9), presigner.put(terms, seconds=9)

    host = "sources.s3.eu-west-1.amazonaws.com"
    assert urlsplit(form.url).hostname == urlsplit(request.url).hostname == host


def test_if_absent_chooses_a_put_because_a_form_cannot_have_it(client: TestClient) -> None:
    assert ask(client, if_absent=True).json()["method"] == "PUT"

    refused = ask(client, if_absent=True, method="POST")

    assert refused.status_code == 400
    assert "PUT" in refused.json()["detail"]


def test_if_absent_is_refused_at_once_for_a_key_that_exists(api: Api) -> None:
    api.drop("photos/cat.jpg")

    answer = ask(api.client(), if_absent=True)

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "image/jpeg; charset=x", "IMAGE/JPEG", ""]
)
def test_a_type_outside_the_list_is_refused(client: TestClient, content_type: str) -> None:
    answer = ask(client, type=content_type)

    assert answer.status_code == 415
    assert "image/webp" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "MULTIPART", None])
def test_five_terabytes_are_refused(client: TestClient, method: str | None) -> None:
    answer = ask(client, bytes=5 * 10**12, method=method)

    assert answer.status_code == 413
    assert answer.json()["detail"] == f"Upload a file of at most {300 * 2**20} bytes."


@pytest.mark.parametrize("size", [0, -1, 1.5, "1000", 10**30, None, True])
def test_a_length_that_is_no_positive_number_is_refused(client: TestClient, size: object) -> None:
    assert ask(client, bytes=size).status_code in {400, 413}


@pytest.mark.parametrize("digest", ["", "0" * 63, "g" * 64, "0" * 64 + "\n"])
def test_a_checksum_of_another_form_is_refused(client: TestClient, digest: str) -> None:
    assert ask(client, sha256=digest).status_code == 400


def test_over_100_mib_only_parts_are_signed(client: TestClient) -> None:
    assert ask(client, bytes=100 * 2**20 + 1).json()["method"] == "MULTIPART"
    assert ask(client, bytes=100 * 2**20 + 1, method="POST").status_code == 413


def test_a_key_that_no_recipe_matches_is_refused(api: Api) -> None:
    recipes = {
        "version": 1,
        "recipes": [
            {
                "name": "only",
                "match": {"suffixes": [".png"]},
                "variants": [{"name": "s", "width": 9, "formats": ["webp"]}],
            }
        ],
    }
    api.aws.s3.put_object(Bucket="variants", Key="_recipes/test.json", Body=json.dumps(recipes))

    assert ask(api.client()).status_code == 422


def test_unknown_fields_are_refused(client: TestClient) -> None:
    answer = ask(client, acl="public-read")

    assert answer.status_code == 400
    assert "acl" in answer.json()["detail"]


def test_a_megabyte_of_json_is_refused(client: TestClient) -> None:
    answer = ask(client, key="k" * 1_000_000)

    assert answer.status_code == 413


def test_a_megabyte_without_a_length_is_refused(client: TestClient) -> None:
    chunks = (b" " * 10_000 for _ in range(100))

    answer = client.post(
        "/v1/uploads", content=chunks, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"key": "\xff"}', b"[" * 100_000])
def test_bad_json_is_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/uploads", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_not_declared_as_json_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/uploads", content=b"{}", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415


def test_an_owner_of_any_characters_is_stored_in_ascii(api: Api) -> None:
    owner = "Zoë\r\nX-Evil: 1"

    signed = ask(api.client({"sub": owner}), method="PUT").json()

    value = signed["headers"]["x-amz-meta-pixfleet-owner"]
    assert value == "Zo%C3%AB%0D%0AX-Evil:%201"
