"""The commands for the API that `make up` prints, typed into a shell."""

import json
import subprocess
from pathlib import Path

from scripts.local.next_steps import FOLDER, api_steps
from tests.e2e.whole_stack import WholeStack
from tests.support.images import jpeg

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."


def assert_a_picture_is_uploaded_through_the_api(stack: WholeStack, folder: Path) -> None:
    """Type what `make up` prints; then call without a token, and with one that nobody signed."""
    (folder / "cat.jpg").write_bytes(jpeg((400, 300)))
    url = f"{stack.names.api_url}/v1/images"

    record = json.loads(_typed(api_steps(stack.instance, stack.names), folder))
    refused = [
        _typed(f"curl -s -o /dev/null -w '%{{http_code}}' {words} {url}", folder)
        for words in ("", f"-H 'Authorization: Bearer {FORGED}'")
    ]

    assert_a_route_needs_its_scope(stack, folder)
    assert (record["key"], record["status"]) == (f"{FOLDER}/cat.jpg", "ready")
    assert refused == ["401", "401"]


def assert_a_route_needs_its_scope(stack: WholeStack, folder: Path) -> None:
    """Ask for a purge: the gateway refuses an id token, which has no scope."""
    sign_in, *_ = api_steps(stack.instance, stack.names).partition("\n")
    body = json.dumps({"keys": [f"{FOLDER}/cat.jpg"]})
    purge = (
        f"curl -s {stack.names.api_url}/v1/purge -H 'Content-Type: application/json' "
        f"""-H "Authorization: Bearer $TOKEN" -d '{body}'"""
    )
    by_id, by_access = (
        json.loads(_typed(f"{sign_in.replace('IdToken', token)}\n{purge}", folder))
        for token in ("IdToken", "AccessToken")
    )

    assert by_id == {"message": "Forbidden"}
    # The access token passes the gateway; it has no folder, so the API refuses it.
    assert by_access["type"] == "urn:problem-type:pixfleet:forbidden"


def _typed(commands: str, folder: Path) -> str:
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", commands],
        cwd=folder,
        env=dict.fromkeys(("no_proxy", "NO_PROXY"), "*")
        | {"PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout
