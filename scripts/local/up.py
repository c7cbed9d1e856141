"""`make up` and `make down`: the whole stack on the local AWS, function and edge included."""

import http.client
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.local import ministack
from scripts.local.clients import local_clients
from scripts.local.place import HOST, DidNotStart, LocalAwsProblem, Place, port_in_use
from scripts.local.terraform import required_program
from scripts.local.terraform_root import Names, TerraformRoot

# The function's first invocation unpacks the package and loads it.
USABLE_SECONDS = 60.0
ONE_ANSWER_SECONDS = 30.0
NO_MESSAGES, NO_FAILURES = b'{"Records": []}', b'{"batchItemFailures": []}'
# No recipe stores it, so the edge itself answers, and with 400 only if its code runs.
REFUSED_AT_THE_EDGE = "/pixfleet.jpg?format=none"


class NoNode(LocalAwsProblem):
    """The local AWS runs the edge function on Node.js, and there is none."""


def refuse_what_cannot_be(place: Place) -> None:
    """Raise a `LocalAwsProblem` if a program is missing, or the local AWS there is another's."""
    required_program()
    if shutil.which("node") is None:
        raise NoNode(
            "Node.js is not on PATH: install it (18 or newer), for the local distribution runs "
            "its edge function on it."
        )
    if ministack.running_pid(place) is not None and not TerraformRoot(place).has_state():
        raise port_in_use(place, by_us=True)


def up(place: Place, *, package: Path, recipes: Path) -> Names:
    """Start the local AWS unless it runs, apply the stack to it, and wait until it works.

    What this call started it stops again if it fails. Raises a `LocalAwsProblem`.
    """
    root = TerraformRoot(place)
    if ministack.running_pid(place) is not None:
        return _apply(root, package=package, recipes=recipes)
    root.forget()  # it tells of a local AWS that is gone, and everything with it
    _tell(f"Starting the local AWS at {place.endpoint_url} …")
    pid = ministack.start(place).pid
    try:
        return _apply(root, package=package, recipes=recipes)
    except BaseException:
        ministack.stop(place, pid)
        raise


def down(place: Place) -> bool:
    """Destroy the stack and stop its local AWS; False if nothing was up."""
    root = TerraformRoot(place)
    pid = ministack.running_pid(place)
    if pid is None or not root.has_state():
        return False
    try:
        destroy(root)
    finally:
        # Whatever could not be destroyed was in this process's memory.
        ministack.stop(place, pid)
    root.forget()
    return True


def destroy(root: TerraformRoot) -> None:
    """Destroy the stack, pictures included, and leave its local AWS running."""
    _tell("Destroying the stack, which takes a minute …")
    _empty(root.place)
    root.destroy()


def _apply(root: TerraformRoot, *, package: Path, recipes: Path) -> Names:
    root.write(package=package, recipes=recipes)
    root.init()
    _tell("Applying terraform/ to it; the first time takes two minutes …")
    names = root.apply()
    _wait_until_usable(root.place, names)
    return names


def _empty(place: Place) -> None:
    """Delete every object first.

    Terraform would, but never ends over a key with a plus: it asks for the keys encoded, and the
    local AWS's list of versions has them as they are.
    """
    s3 = local_clients(place.endpoint_url).s3
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def _wait_until_usable(place: Place, names: Names) -> None:
    """Wait until the function answers a batch of nothing, and the edge refuses nonsense."""
    function = f"/2015-03-31/functions/{names.function_alias}/invocations"
    viewer = {"Host": names.domain_name, "X-Forwarded-Proto": "https"}
    give_up_at = time.monotonic() + USABLE_SECONDS
    while True:
        _, said = _ask(place, "POST", function, body=NO_MESSAGES)
        status, page = _ask(place, "GET", REFUSED_AT_THE_EDGE, headers=viewer)
        if said == NO_FAILURES and status == http.client.BAD_REQUEST:
            return
        if time.monotonic() > give_up_at:
            raise DidNotStart(
                f"Expected the function to answer a batch of nothing, got {said!r}; and the edge "
                f"to refuse nonsense with 400, got {status}: {page!r}. See {place.log}"
            )
        time.sleep(0.5)


def _ask(
    place: Place,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Ask the local AWS past any proxy; 0 and the trouble if it does not answer."""
    connection = http.client.HTTPConnection(HOST, place.port, timeout=ONE_ANSWER_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as trouble:
        return 0, str(trouble).encode()
    finally:
        connection.close()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
