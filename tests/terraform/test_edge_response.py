import json

import pytest

from shared.model.cache_control import VARIANT
from tests.terraform.edge import bare
from tests.terraform.edge_engines import EdgeEngine, answer_to

pytestmark = pytest.mark.terraform

STORED = {
    "cache-control": VARIANT,
    "content-type": "image/webp",
    "x-amz-meta-pixfleet-source-etag": "e",
    "x-amz-meta-pixfleet-version": "0123456789ab",
}
FOR_EVER = VARIANT
SHORTLY = "public, max-age=300"
HINTS = "Sec-CH-DPR, Sec-CH-Viewport-Width, Sec-CH-Width, Save-Data"


@pytest.mark.parametrize(
    ("query", "stored", "cache_control", "vary"),
    [
        pytest.param({}, STORED, SHORTLY, "Accept", id="no version: asked again, by Accept"),
        pytest.param({"v": "0123456789ab"}, STORED, FOR_EVER, "Accept", id="this version"),
        pytest.param(
            {"v": "0123456789ab", "format": "webp"}, STORED, FOR_EVER, None, id="a manifest's URL"
        ),
        pytest.param({"format": "webp"}, STORED, SHORTLY, None, id="a named format varies not"),
        pytest.param(
            {"v": "ffffffffffff", "format": "webp"}, STORED, SHORTLY, None, id="another version"
        ),
        pytest.param(
            {"v": "0123456789ab"},
            {"cache-control": FOR_EVER},
            SHORTLY,
            "Accept",
            id="stored before versions were",
        ),
        pytest.param(
            {"v": "0123456789ab"},
            STORED | {"vary": "Origin"},
            FOR_EVER,
            "Origin, Accept",
            id="cors",
        ),
        pytest.param({"w": "640"}, STORED, SHORTLY, "Accept", id="a width reads no hints"),
        pytest.param({"w": "auto"}, STORED, SHORTLY, f"Accept, {HINTS}", id="hints"),
        pytest.param(
            {"w": "auto", "v": "0123456789ab", "format": "webp"},
            STORED,
            FOR_EVER,
            HINTS,
            id="hints and a format",
        ),
        pytest.param(
            {"w": "auto"},
            STORED | {"vary": "Origin"},
            SHORTLY,
            f"Origin, Accept, {HINTS}",
            id="hints and cors",
        ),
        pytest.param(
            {"w": "auto", "variant": "thumb"},
            STORED,
            SHORTLY,
            "Accept",
            id="a variant is before a width by hints",
        ),
        pytest.param(
            {"w": "auto", "format": "manifest"},
            {"cache-control": "public, max-age=60"},
            "public, max-age=60",
            None,
            id="a manifest reads no hints",
        ),
        pytest.param(
            {"format": "manifest"},
            {"cache-control": "public, max-age=60"},
            "public, max-age=60",
            None,
            id="a manifest says itself",
        ),
    ],
)
def test_browsers_cache_for_ever_only_the_version_they_named(
    engine: EdgeEngine,
    query: dict[str, str],
    stored: dict[str, str],
    cache_control: str,
    vary: str | None,
) -> None:
    headers = _response_headers(engine, query, stored)

    assert headers["cache-control"] == cache_control
    assert headers.get("vary") == vary


@pytest.mark.parametrize("status", [200, 203, 206, 304])
def test_the_browser_time_of_objects_is_set(engine: EdgeEngine, status: int) -> None:
    headers = _response_headers(engine, {}, STORED, status)

    assert (headers["cache-control"], headers["vary"]) == (SHORTLY, "Accept")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 503])
@pytest.mark.parametrize("stored", ["no-store", None])
def test_redirects_and_errors_keep_their_own_time(
    engine: EdgeEngine, status: int, stored: str | None
) -> None:
    sent = {"location": "/cat.jpg", "x-amz-meta-pixfleet-version": "0123456789ab"}
    if stored:
        sent["cache-control"] = stored

    headers = _response_headers(engine, {}, sent, status)

    assert headers.get("cache-control") == stored
    assert "vary" not in headers
    assert "x-amz-meta-pixfleet-version" not in headers


@pytest.mark.parametrize("status", [302, 404, 503])
def test_what_the_renderer_says_reaches_the_viewer(engine: EdgeEngine, status: int) -> None:
    said = {
        "cache-control": "no-store" if status == 302 else "max-age=5",
        "location": "/cat.jpg?variant=w1920&format=webp",
        "retry-after": "5",
        "server-timing": "render;dur=200",
        "x-pixfleet-cause": "truncated",
    }

    assert _response_headers(engine, {"w": "640"}, said, status) == said


def test_metadata_about_the_source_is_removed(engine: EdgeEngine) -> None:
    headers = _response_headers(engine, {"v": "0123456789ab", "format": "webp"}, STORED)

    assert headers == {"cache-control": FOR_EVER, "content-type": "image/webp"}


def _response_headers(
    engine: EdgeEngine, query: dict[str, str], stored: dict[str, str], status: int = 200
) -> dict[str, str]:
    event = {
        "request": {"querystring": {name: {"value": value} for name, value in query.items()}},
        "response": {
            "statusCode": status,
            "headers": {name: {"value": value} for name, value in stored.items()},
        },
    }
    code = bare("edge_response.js").replace('"SECONDS"', json.dumps(300))
    answer = answer_to(engine, code, event)
    return {name: field["value"] for name, field in answer["headers"].items()}
