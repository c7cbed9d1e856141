"""The API as a server, with tokens, S3's own checks of what was signed, and a worker behind it."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from boto3.session import Session

from scripts.local.clients import REGION
from scripts.local.stack import create_serving
from shared.cloud.clients import build_presigning_client
from shared.cloud.presigner import Presigner, UploadTerms
from tests.bench.api_load import compare, report
from tests.e2e.api_server import BareRoute, api_server
from tests.e2e.fleet import Fleet
from tests.e2e.packages import skip_on_laptops
from tests.e2e.processes import Runner
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg
from tests.support.issuer import Issuer
from tests.support.recipes import ROOT
from worker.api.context import CALL_LIMITS

pytestmark = pytest.mark.e2e

SERVING = "e2e-api-serving"
JPEG = "image/jpeg"
PICTURE = jpeg((80, 60))
API_PAGE = ROOT / "docs" / "api.md"


@pytest.fixture(name="issuer", scope="module")
def _issuer() -> Issuer:
    return Issuer()


@pytest.fixture(name="url", scope="module")
def _url(fleet: Fleet, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    create_serving(fleet.clients.dynamodb, SERVING)
    log = tmp_path_factory.mktemp("api") / "api.log"
    with api_server(fleet.stack, issuer, log, serving=SERVING) as url:
        yield url


@pytest.fixture(name="api")
def _api(url: str, issuer: Issuer) -> Iterator[httpx2.Client]:
    token = issuer.token(folder="ann")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=40) as client:
        yield client


def sign(api: httpx2.Client, key: str, data: bytes = PICTURE, **fields: object) -> Any:  # noqa: ANN401
    wanted = {"key": key, "bytes": len(data), "type": JPEG, **fields}
    answer = api.post("/v1/uploads", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def post(signed: Any, data: bytes, **changes: str) -> int:  # noqa: ANN401
    fields = {**signed["fields"], **changes}
    files = {"file": ("file", data, "application/octet-stream")}
    return httpx2.post(signed["url"], data=fields, files=files).status_code


def put(signed: Any, data: bytes, **changes: str) -> int:  # noqa: ANN401
    headers: Mapping[str, str] = {**signed["headers"], **changes}
    return httpx2.put(signed["url"], content=data, headers=headers).status_code


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_upload_becomes_ready(api: httpx2.Client, runner: Runner, method: str) -> None:
    digest = sha256(PICTURE).hexdigest()
    signed = sign(api, f"ann/{method}.jpg", method=method, sha256=digest)

    stored = post(signed, PICTURE) if method == "POST" else put(signed, PICTURE)
    answer = api.get(f"{signed['image']}&wait=20")

    image = answer.json()
    assert stored in {200, 201, 204}
    assert (answer.status_code, image["status"]) == (200, "ready")
    assert image["owner"] == "ann@example.com"
    assert (image["bytes"], image["width"]) == (len(PICTURE), 80)


def test_the_example_in_python_uploads_a_picture(
    url: str, runner: Runner, issuer: Issuer, tmp_path: Path
) -> None:
    code, *_ = re.findall(r"```python\n(.*?)```", API_PAGE.read_text(), re.DOTALL)
    example: dict[str, Any] = {}
    exec(code, example)  # noqa: S102 - the page's own
    (tmp_path / "cat.jpg").write_bytes(PICTURE)
    token = issuer.token(folder="ann")

    image = example["upload"](url, token, "ann/page.jpg", tmp_path / "cat.jpg", JPEG)

    assert (image["key"], image["status"]) == ("ann/page.jpg", "ready")
    with pytest.raises(RuntimeError, match="Use one of image/avif"):
        example["upload"](url, token, "ann/page.jpg", tmp_path / "cat.jpg", "text/html")


def test_the_example_for_a_shell_uploads_a_picture(
    url: str, runner: Runner, issuer: Issuer, tmp_path: Path
) -> None:
    if not shutil.which("jq"):
        skip_on_laptops("jq is not on PATH: install it to type the example of docs/api.md.")
    commands, *_ = re.findall(r"```sh\n(API=.*?)```", API_PAGE.read_text(), re.DOTALL)
    example = "API=https://api.example.com TOKEN=…   # a token of your identity provider"
    assert example in commands
    typed = commands.replace(example, f"API={url} TOKEN={issuer.token(folder='photos')}")
    (tmp_path / "cat.jpg").write_bytes(PICTURE)

    done = subprocess.run(
        ["/bin/bash", "-e", "-c", typed],
        cwd=tmp_path,
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    record = json.loads(done.stdout)
    assert (record["key"], record["status"]) == ("photos/cat.jpg", "ready")


def test_a_broken_picture_is_told_with_its_cause(api: httpx2.Client, runner: Runner) -> None:
    signed = sign(api, "ann/broken.jpg", PICTURE[:200])
    post(signed, PICTURE[:200])

    answer = api.get(f"{signed['image']}&wait=20")

    assert answer.status_code == 422
    assert answer.json()["cause"] in {"truncated", "corrupt"}


def test_a_deleted_picture_is_gone(api: httpx2.Client, runner: Runner) -> None:
    signed = sign(api, "ann/deleted.jpg")
    post(signed, PICTURE)
    assert api.get(f"{signed['image']}&wait=20").status_code == 200

    assert api.delete("/v1/images/ann/deleted.jpg").status_code == 202

    assert api.get(signed["image"]).status_code == 410


def test_s3_refuses_a_form_that_differs_from_what_was_signed(
    api: httpx2.Client, fleet: Fleet
) -> None:
    """MiniStack does not check a form's SHA-256, which `functional/api` finds in the policy."""
    signed = sign(api, "ann/form.jpg")

    refused = {
        "length": post(signed, PICTURE + b"x"),
        "type": post(signed, PICTURE, **{"Content-Type": "text/html"}),
        "key": post(signed, PICTURE, key="bob/form.jpg"),
        "owner": post(signed, PICTURE, **{"x-amz-meta-pixfleet-owner": "bob"}),
        "field": post(signed, PICTURE, **{"x-amz-meta-recipe": "other"}),
    }

    assert {name: status for name, status in refused.items() if status < 400} == {}
    assert stored_sources(fleet, "ann/form.jpg", "bob/form.jpg") == []


def test_s3_refuses_a_put_that_differs_from_what_was_signed(
    api: httpx2.Client, fleet: Fleet
) -> None:
    digest = sha256(PICTURE).hexdigest()
    signed = sign(api, "ann/put.jpg", method="PUT", sha256=digest, if_absent=True)
    other = {**signed, "url": signed["url"].replace("put.jpg", "other.jpg")}

    refused = {
        "length": put(signed, PICTURE + b"x"),
        "type": put(signed, PICTURE, **{"Content-Type": "text/html"}),
        "checksum": put(signed, bytes(len(PICTURE))),
        "owner": put(signed, PICTURE, **{"x-amz-meta-pixfleet-owner": "bob"}),
        "key": put(other, PICTURE),
    }

    assert {name: status for name, status in refused.items() if status < 400} == {}
    assert stored_sources(fleet, "ann/put.jpg", "ann/other.jpg") == []
    assert put(signed, PICTURE) == 200
    assert put(signed, PICTURE) == 412


def test_s3_refuses_what_was_signed_too_long_ago(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API signs for 15 minutes (`functional/api/test_uploads.py`), this test for a second."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", fleet.stack.endpoint_url)
    session = Session("test", "test", region_name=REGION)
    presigning = build_presigning_client(
        CALL_LIMITS, session=session, endpoint_url=fleet.stack.endpoint_url
    )
    bucket = fleet.stack.sources_bucket
    presigner = Presigner(presigning, bucket)
    s3_id = fleet.clients.s3.create_multipart_upload(Bucket=bucket, Key="late.jpg")["UploadId"]

    def statuses(seconds: int, wait_seconds: float) -> Mapping[str, int]:
        terms = UploadTerms("late.jpg", len(PICTURE), JPEG)
        form, request = (
            asdict(sign(terms, seconds=seconds)) for sign in (presigner.form, presigner.put)
        )
        part = presigner.part(
            "late.jpg", s3_id, number=1, part_bytes=len(PICTURE), seconds=seconds
        )
        time.sleep(wait_seconds)
        return {
            "form": post(form, PICTURE),
            "put": put(request, PICTURE),
            "part": put({"url": part.url, "headers": {}}, PICTURE),
        }

    assert set(statuses(1, 2.5).values()) == {403}
    assert stored_sources(fleet, "late.jpg") == []
    assert max(statuses(60, 0).values()) < 300
    assert stored_sources(fleet, "late.jpg") == ["late.jpg"]


def test_a_large_file_arrives_in_parts(api: httpx2.Client, fleet: Fleet) -> None:
    data = bytes(8 * 2**20 + 5)
    upload = sign(api, "ann/parts.jpg", data, method="MULTIPART")
    path = f"/v1/uploads/{upload['upload_id']}"
    pieces = {1: data[: upload["part_bytes"]], 2: data[upload["part_bytes"] :]}

    first = api.post(f"{path}/parts/1").json()
    assert httpx2.put(first["url"], content=pieces[2]).status_code >= 400
    assert httpx2.put(first["url"], content=pieces[1]).status_code == 200
    assert api.post(f"{path}/complete").json()["missing"] == [2]
    second = api.post(f"{path}/parts/2").json()
    assert httpx2.put(second["url"], content=pieces[2]).status_code == 200
    done = api.post(f"{path}/complete")

    assert done.status_code == 200
    assert stored_sources(fleet, "ann/parts.jpg") == ["ann/parts.jpg"]


def test_the_server_verifies_tokens(api: httpx2.Client, url: str) -> None:
    other = Issuer().token(folder="ann")

    assert httpx2.get(f"{url}/v1/images").status_code == 401
    headers = {"Authorization": f"Bearer {other}"}
    assert httpx2.get(f"{url}/v1/images", headers=headers).status_code == 401
    assert api.get("/v1/images").status_code == 200
    assert api.get("/v1/images", params={"prefix": "bob/"}).status_code == 403


def stored_sources(fleet: Fleet, *keys: str) -> list[str]:
    listed = fleet.clients.s3.list_objects_v2(Bucket=fleet.stack.sources_bucket)
    return [each["Key"] for each in listed.get("Contents", []) if each["Key"] in keys]


def test_the_log_has_a_line_for_each_call_and_no_secret(
    api: httpx2.Client, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    signed = sign(api, "ann/log.jpg")

    path = next(Path(tmp_path_factory.getbasetemp()).glob("api*/api.log"))
    # The line is written after the answer was sent.
    wait_for("its line", lambda: '"operation": "create_upload"' in path.read_text())
    log = path.read_text()
    assert signed["fields"]["x-amz-signature"] not in log
    assert api.headers["authorization"].removeprefix("Bearer ") not in log


def test_many_clients_get_the_uploads_that_they_asked_for(
    url: str, fleet: Fleet, issuer: Issuer, tmp_path: Path
) -> None:
    """A short run of `make bench-api`, which states the times."""
    with BareRoute(fleet.stack, tmp_path / "bare.log") as bare:
        token = issuer.token(folder="ann")
        loads = compare(url, bare.url, token, connections=20, seconds=1, rounds=1)

    assert {name: dict(load.wrong) for name, load in loads.items()} == {"api": {}, "bare": {}}
    assert all(len(load.seconds) >= 20 for load in loads.values())
    assert "p95 of the API over the bare route" in report(loads)
