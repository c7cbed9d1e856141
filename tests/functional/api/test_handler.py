"""The function as API Gateway calls it: payload format 2.0."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.model.errors import Misconfigured
from tests.functional.api.conftest import ANN, Api
from worker.api.app import build_app
from worker.api.callers import GatewayIdentities
from worker.api.handler import handler, mangum
from worker.api.settings import read_api_settings

pytestmark = pytest.mark.functional

Invoke = Callable[..., Any]
REQUIRED = {
    "PIXFLEET_FLEET": "pixfleet",
    "PIXFLEET_SOURCES_BUCKET": "sources",
    "PIXFLEET_VARIANTS_BUCKET": "variants",
    "PIXFLEET_LEDGER_TABLE": "ledger",
    "PIXFLEET_SERVING_TABLE": "serving",
    "PIXFLEET_RECIPES": "s3://variants/_recipes/test.json",
}


@pytest.fixture(autouse=True)
def _closed_loop() -> Iterator[None]:
    """Give Mangum an event loop, and close it: the one that it opens is never closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def event(method: str, path: str, *, query: str = "", body: str = "", **more: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an event as API Gateway's documentation shows it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "api.example.com"},
        "requestContext": {
            "requestId": "id=1",
            "stage": "$default",
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "authorizer": {"jwt": {"claims": ANN, "scopes": None}},
        },
        "body": body,
        "isBase64Encoded": False,
        **more,
    }


@pytest.fixture(name="invoke")
def _invoke(api: Api) -> Invoke:
    adapter = mangum(build_app(api.context, GatewayIdentities()))
    return lambda *arguments, **named: adapter(event(*arguments, **named), None)  # type: ignore[arg-type] # no context


def test_an_upload_is_signed(invoke: Invoke) -> None:
    body = json.dumps({"key": "photos/ü.jpg", "bytes": 9, "type": "image/jpeg"})

    answer = invoke("POST", "/v1/uploads", body=body)

    assert (answer["statusCode"], answer["isBase64Encoded"]) == (201, False)
    assert json.loads(answer["body"])["fields"]["key"] == "photos/ü.jpg"
    assert answer["headers"]["x-request-id"] == "id=1"


def test_a_path_is_taken_as_the_gateway_has_decoded_it(api: Api, invoke: Invoke) -> None:
    for key in ("a b/ü+.jpg", "a?b#c.jpg", "/a//b.jpg"):
        api.drop(key)

        answer = invoke("GET", f"/v1/images/{key}")

        assert json.loads(answer["body"])["key"] == key


@pytest.mark.parametrize("key", ["100%25.jpg", "%61.jpg", "100%.jpg"])
def test_a_path_never_names_another_key(api: Api, invoke: Invoke, key: str) -> None:
    for each in ("100%.jpg", "100%25.jpg", "a.jpg", "%61.jpg"):
        api.drop(each)

    answers = [invoke(method, f"/v1/images/{key}") for method in ("GET", "DELETE")]

    for answer in answers:
        assert answer["statusCode"] == 400
        assert "/v1/image?key=" in json.loads(answer["body"])["detail"]
    assert len(api.keys()) == 4


@given(key=st.text(min_size=1, max_size=30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_path_is_answered_for_exactly_its_key_or_refused(
    api: Api, invoke: Invoke, key: str
) -> None:
    answer = invoke("GET", f"/v1/images/{key}")

    status, problem = answer["statusCode"], json.loads(answer["body"])
    assert status in {400, 404}
    if status == 404:
        api.drop(key)
        assert json.loads(invoke("GET", f"/v1/images/{key}")["body"])["key"] == key
    assert problem["detail"].endswith(".")


def test_a_query_is_decoded_once(api: Api, invoke: Invoke) -> None:
    api.drop("100%25 a+b.jpg")

    answer = invoke("GET", "/v1/image", query="key=100%2525%20a%2Bb.jpg")

    assert json.loads(answer["body"])["key"] == "100%25 a+b.jpg"


def test_a_problem_is_text(invoke: Invoke) -> None:
    answer = invoke("GET", "/v1/image", query="key=..")

    assert (answer["statusCode"], answer["isBase64Encoded"]) == (400, False)
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["request_id"] == "id=1"


def test_a_form_arrives_in_base64(api: Api, invoke: Invoke) -> None:
    import base64  # noqa: PLC0415

    form = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\r\n--x--\r\n"
    )

    answer = invoke(
        "POST",
        "/v1/images",
        body=base64.b64encode(form).decode(),
        isBase64Encoded=True,
        headers={"content-type": "multipart/form-data; boundary=x"},
    )

    assert answer["statusCode"] == 201
    stored = api.aws.s3.get_object(Bucket="sources", Key="a.jpg")["Body"].read()
    assert stored == b"\xff\xd8\xff"


def test_without_an_authorizer_the_function_answers_nobody(invoke: Invoke) -> None:
    context = {"requestId": "1", "http": {"method": "GET", "path": "/v1/images", "sourceIp": ""}}

    assert invoke("GET", "/v1/images", requestContext=context)["statusCode"] == 401


def test_the_function_builds_itself_from_its_environment(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)

    answer = handler(event("GET", "/v1/images"), None)

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"images": []})


def test_settings_report_every_problem() -> None:
    with pytest.raises(Misconfigured) as caught:
        read_api_settings(
            {
                **REQUIRED,
                "PIXFLEET_API_PREFIX": "uploads",
                "PIXFLEET_API_PREFIX_CLAIM": "a b",
                "PIXFLEET_API_DELIVERY_URL": "ftp://x",
                "PIXFLEET_API_DELETES_VERSIONS": "yes",
                "PIXFLEET_SERVING_TABLE": "",
            }
        )

    assert len(caught.value.problems) == 5


def test_defaults_are_those_of_the_documentation() -> None:
    settings = read_api_settings(REQUIRED)

    assert (settings.prefix, settings.prefix_claim, settings.owner_claim) == ("", "", "sub")
    assert settings.deletes_versions is False
    assert settings.max_bytes == 100 * 2**20
