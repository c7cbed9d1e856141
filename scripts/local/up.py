"""`make up` and `make down`: the whole stack on the local AWS, with function and distribution."""

import http.client
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.local import ministack
from scripts.local.clients import local_clients
from scripts.local.edge_client import EdgeClient
from scripts.local.heartbeat import heartbeat
from scripts.local.instance import HOST, DidNotStart, Instance, LocalAwsProblem, port_in_use
from scripts.local.terraform import required_program
from scripts.local.terraform_root import StackNames, TerraformRoot

# The function's first invocation unpacks the package and loads it.
USABLE_SECONDS = 60.0
ONE_ANSWER_SECONDS = 30.0
NO_MESSAGES, NO_FAILURES = b'{"Records": []}', b'{"batchItemFailures": []}'
# The edge function answers 400 to an invalid format, without a request to S3.
BAD_REQUEST_PATH = "/pixfleet.jpg?format=none"


class NoNode(LocalAwsProblem):
    """The local AWS runs the edge function on Node.js, which is not installed."""


def check_prerequisites(instance: Instance) -> None:
    """Raise a `LocalAwsProblem` if a program is missing or the port is in use."""
    required_program()
    if shutil.which("node") is None:
        raise NoNode(
            "Node.js is not on PATH: install it (18 or newer), because the local "
            "distribution runs its edge function on it."
        )
    if ministack.running_pid(instance) is not None and not TerraformRoot(instance).has_state():
        raise port_in_use(instance, by_us=True)


def up(instance: Instance, *, package: Path, recipes: Path) -> StackNames:
    """Start the local AWS unless it runs, apply the stack to it, and wait until it works.

    Raises a `LocalAwsProblem`. If the local AWS was started by this call, a failure stops it.
    """
    root = TerraformRoot(instance)
    if ministack.running_pid(instance) is not None:
        return _apply(root, package=package, recipes=recipes)
    root.remove()  # its state is that of a local AWS that no longer runs
    _print(f"Starting the local AWS at {instance.endpoint_url} …")
    pid = ministack.start(instance).pid
    try:
        return _apply(root, package=package, recipes=recipes)
    except BaseException:
        ministack.stop(instance, pid)
        raise


def down(instance: Instance) -> bool:
    """Destroy the stack and stop its local AWS; False if nothing was up."""
    root = TerraformRoot(instance)
    pid = ministack.running_pid(instance)
    if pid is None or not root.has_state():
        return False
    try:
        destroy(root)
    finally:
        # Also after a failure: resources that were not destroyed exist in MiniStack's memory only.
        ministack.stop(instance, pid)
    root.remove()
    return True


def destroy(root: TerraformRoot) -> None:
    """Destroy the stack with its images, and leave the local AWS running."""
    _print("Destroying the stack, which takes a minute …")
    with heartbeat("still destroying"):
        _empty(root.instance)
        root.destroy()


def _apply(root: TerraformRoot, *, package: Path, recipes: Path) -> StackNames:
    edge_url = EdgeClient(root.instance).url()
    root.write(package=package, recipes=recipes, edge_url=edge_url)
    with heartbeat("still preparing Terraform"):
        root.init()
    _print("Applying terraform/ to it; the first time takes two minutes …")
    with heartbeat("still applying"):
        names = root.apply()
    with heartbeat("still waiting for the first answer of the function"):
        _wait_until_usable(root.instance, names)
    return names


def _empty(instance: Instance) -> None:
    """Delete every object before `terraform destroy`.

    Terraform itself would never finish with a key that has a plus sign: it lists versions with
    `EncodingType=url`, and the local AWS returns the keys unencoded.
    """
    s3 = local_clients(instance.endpoint_url).s3
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def _wait_until_usable(instance: Instance, names: StackNames) -> None:
    """Wait until the function answers an empty batch, and the edge refuses an invalid request."""
    function = f"/2015-03-31/functions/{names.function_alias}/invocations"
    viewer = {"Host": names.domain_name, "X-Forwarded-Proto": "https"}
    give_up_at = time.monotonic() + USABLE_SECONDS
    while True:
        _, answer = _request(instance, "POST", function, body=NO_MESSAGES)
        status, page = _request(instance, "GET", BAD_REQUEST_PATH, headers=viewer)
        if answer == NO_FAILURES and status == http.client.BAD_REQUEST:
            return
        if time.monotonic() > give_up_at:
            raise DidNotStart(
                f"Expected the function to answer an empty batch, got {answer!r}; expected the "
                f"edge to answer 400, got {status}: {page!r}. See {instance.log}"
            )
        time.sleep(0.5)


def _request(
    instance: Instance,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Return status and body, without using a proxy; 0 and the error if there is no answer."""
    connection = http.client.HTTPConnection(HOST, instance.port, timeout=ONE_ANSWER_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error).encode()
    finally:
        connection.close()


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
