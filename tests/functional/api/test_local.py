"""The API under uvicorn is open to the pages that the gateway would be open to."""

import re

import pytest
from starlette.testclient import TestClient

from shared.model.errors import Misconfigured
from tests.functional.api.conftest import Api
from tests.support.issuer import AUDIENCE, ISSUER
from tests.support.recipes import ROOT
from worker.api.app import build_app
from worker.api.callers import GatewayIdentities
from worker.api.local import open_to, read_local_settings

pytestmark = pytest.mark.functional

PAGE = "http://localhost:8000"
REQUIRED = {"PIXFLEET_API_ISSUER": ISSUER, "PIXFLEET_API_AUDIENCES": AUDIENCE}
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


def client(api: Api, *origins: str) -> TestClient:
    return TestClient(open_to(origins, build_app(api.context, GatewayIdentities())))


def test_a_page_of_an_allowed_origin_may_call_and_read_every_answer(api: Api) -> None:
    own = client(api, PAGE)

    asked = own.options("/v1/uploads", headers={**PREFLIGHT, "Origin": PAGE})
    refused = own.post("/v1/uploads", headers={"Origin": PAGE})

    assert asked.status_code == 200
    assert {each.headers["access-control-allow-origin"] for each in (asked, refused)} == {PAGE}
    assert refused.status_code == 401
    assert "retry-after" in refused.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in asked.headers


@pytest.mark.parametrize("origins", [(), ("https://other.example.org",)])
def test_a_page_of_another_origin_may_not(api: Api, origins: tuple[str, ...]) -> None:
    own = client(api, *origins)

    asked = own.options("/v1/uploads", headers={**PREFLIGHT, "Origin": PAGE})

    assert asked.status_code in {400, 405}
    assert "access-control-allow-origin" not in asked.headers


def test_the_server_allows_what_the_gateway_allows(api: Api) -> None:
    gateway = (ROOT / "terraform" / "modules" / "api" / "gateway.tf").read_text()

    def configured(name: str) -> set[str]:
        (found,) = re.findall(rf"{name} += (\[.*\])", gateway)
        return {each.lower() for each in re.findall(r'"([^"]+)"', found)}

    own = client(api, PAGE)
    for method in configured("allow_methods"):
        headers = {
            "Origin": PAGE,
            "Access-Control-Request-Method": method.upper(),
            "Access-Control-Request-Headers": ",".join(configured("allow_headers")),
        }
        assert own.options("/v1/image", headers=headers).status_code == 200
    exposed = own.get("/v1/health", headers={"Origin": PAGE}).headers
    assert set(exposed["access-control-expose-headers"].split(", ")) == configured(
        "expose_headers"
    )


def test_origins_are_read_from_the_environment() -> None:
    settings = read_local_settings(
        {**REQUIRED, "PIXFLEET_API_ORIGINS": f"{PAGE},https://a.example"}
    )

    assert settings.origins == (PAGE, "https://a.example")
    assert read_local_settings(REQUIRED).origins == ()


@pytest.mark.parametrize(
    "origins", ["localhost:8000", "http://localhost:8000/", "*,http://a.example", "null"]
)
def test_origins_of_another_form_are_refused(origins: str) -> None:
    with pytest.raises(Misconfigured, match="PIXFLEET_API_ORIGINS"):
        read_local_settings({**REQUIRED, "PIXFLEET_API_ORIGINS": origins})
