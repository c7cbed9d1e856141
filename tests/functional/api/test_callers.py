"""Who may call, and what the log says of a call."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.functional.api.conftest import ANN, Api, Gateway
from worker.api.app import build_app
from worker.api.callers import GatewayIdentities
from worker.api.routes import ROUTES

pytestmark = pytest.mark.functional

PROTECTED = [each for each in ROUTES if not each.is_public]
UPLOAD = {"key": "a.jpg", "bytes": 9, "type": "image/jpeg"}


@pytest.mark.parametrize("route", PROTECTED, ids=lambda route: f"{route.method} {route.path}")
def test_without_a_caller_nothing_is_answered(api: Api, route: Any) -> None:  # noqa: ANN401
    path = route.path.replace("{part_number}", "1").replace("{", "").replace("}", "")

    answer = api.client(None).request(route.method, path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"].startswith("Send a valid token")


@pytest.mark.parametrize(
    "authorizer", [{}, {"jwt": {}}, {"jwt": None}, {"lambda": {"sub": "ann"}}, {"iam": {}}]
)
def test_an_authorizer_without_claims_is_nobody(api: Api, authorizer: Any) -> None:  # noqa: ANN401
    app = build_app(api.context, GatewayIdentities())

    answer = TestClient(Gateway(app, authorizer)).get("/v1/images")

    assert answer.status_code == 401


def test_no_header_stands_for_the_gateways_claims(api: Api) -> None:
    forged = {"Authorization": "Bearer x", "aws.event": "{}", "X-Amzn-Request-Context": "{}"}

    assert api.client(None).get("/v1/images", headers=forged).status_code == 401


def test_an_iam_caller_is_known_by_its_arn(api: Api) -> None:
    arn = "arn:aws:iam::123456789012:user/ann"
    app = build_app(api.context, GatewayIdentities())
    client = TestClient(Gateway(app, {"iam": {"userArn": arn}}))

    signed = client.post("/v1/uploads", json=UPLOAD).json()

    assert signed["fields"]["x-amz-meta-pixfleet-owner"] == arn


def test_a_token_without_the_owner_claim_is_refused(api: Api) -> None:
    assert api.client({"iss": "x"}).get("/v1/images").status_code == 403


def test_the_owner_claim_can_be_another_one(api: Api) -> None:
    client = api.client({**ANN, "email": "a@b.c"}, owner_claim="email")

    signed = client.post("/v1/uploads", json=UPLOAD).json()

    assert signed["fields"]["x-amz-meta-pixfleet-owner"] == "a@b.c"


def test_health_and_description_need_no_caller(api: Api) -> None:
    client = api.client(None)

    assert client.get("/v1/health").json()["status"] == "ok"
    assert client.get("/v1/openapi.json").json()["openapi"] == "3.1.0"


def test_a_call_writes_one_line_without_secrets(api: Api, log_lines: list[Any]) -> None:
    client = api.client()

    answer = client.post(
        "/v1/uploads", json=UPLOAD, headers={"Authorization": "Bearer secret-token"}
    )

    (line,) = [each for each in log_lines if each["event"] == "api call"]
    assert (line["operation"], line["caller"], line["status"]) == (
        "create_upload",
        "ann@example.com",
        201,
    )
    assert (line["key"], line["bytes"]) == ("a.jpg", 9)
    assert line["request_id"] == answer.headers["x-request-id"] == "request-1"
    written = str(log_lines)
    for secret in ("secret-token", "amazonaws", answer.json()["fields"]["x-amz-signature"]):
        assert secret not in written


def test_a_refused_call_is_logged_with_its_problem(api: Api, log_lines: list[Any]) -> None:
    api.client(None).get("/v1/images")
    api.client().get("/v1/nothing?token=secret")

    lines = [each for each in log_lines if each["event"] == "api call"]
    assert [(each["status"], each["problem"]) for each in lines] == [
        (401, "unauthenticated"),
        (404, "not-found"),
    ]
    assert "secret" not in str(log_lines)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/v1/health/", 404),
        ("PUT", "/v1/uploads", 405),
        ("PATCH", "/v1/image", 405),
        ("DELETE", "/v1/health", 405),
    ],
)
def test_unknown_routes_are_problems_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (status == 405) == ("allow" in answer.headers)


def test_allow_names_all_methods_of_a_path(client: TestClient) -> None:
    allowed = client.patch("/v1/images").headers["allow"]

    assert set(allowed.split(", ")) == {"GET", "HEAD", "POST"}


def test_head_is_get_without_a_body(client: TestClient) -> None:
    answer = client.head("/v1/images")

    assert (answer.status_code, answer.content) == (200, b"")


def test_no_answer_is_cached_or_sniffed(client: TestClient) -> None:
    for path in ("/v1/health", "/v1/nothing", "/v1/images"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
