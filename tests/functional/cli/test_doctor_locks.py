import json
from collections.abc import Iterable

import boto3
import pytest
from msgspec import structs

from scripts.local.stack import LocalStack
from scripts.pixfleet.doctor import render_children
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.clients import AwsClients
from shared.clock import SystemClock
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import ReadyFrame
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import RenderUnavailable

pytestmark = pytest.mark.functional

GROUP = "/aws/lambda/pixfleet-worker"
ALL_LOCKS = ", ".join(Lock)


def findings(stack: LocalStack, *, group: str = "") -> tuple[Finding, Finding]:
    document = structs.replace(stack.document(), log_group=group)
    here, workers = render_children.check(StackUnderTest(document, AwsClients()))
    return here, workers


def log(*messages: object) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    now = int(SystemClock().now() * 1000)
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="one",
        logEvents=[
            {"timestamp": now + number, "message": json.dumps(message)}
            for number, message in enumerate(messages)
        ],
    )


def line(locks: Iterable[str]) -> dict[str, object]:
    return {"event": "render children locked", "locks": list(locks)}


def test_a_child_of_this_computer_is_started_and_its_locks_are_shown(stack: LocalStack) -> None:
    here, workers = findings(stack)

    assert here == Finding("render children", f"on this computer they are locked by {ALL_LOCKS}")
    assert workers.status is FindingStatus.SKIPPED


def test_locks_that_the_kernel_of_this_computer_refuses_are_named(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = (Lock.NOT_DUMPABLE, Lock.NO_NEW_DESCRIPTORS)
    monkeypatch.setattr(
        RenderChild, "await_ready", lambda _self: ReadyFrame(locks, walks_jpegs=True)
    )

    here, _ = findings(stack)

    assert here.status is FindingStatus.SKIPPED
    assert here.what == (
        "on this computer they are locked by not_dumpable, no_new_descriptors; "
        "the kernel refuses no_new_privileges, landlock, seccomp"
    )


def test_a_child_without_our_library_is_wrong(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = ReadyFrame(tuple(Lock), walks_jpegs=False)
    monkeypatch.setattr(RenderChild, "await_ready", lambda _self: ready)
    subject = StackUnderTest(stack.document(), AwsClients())

    locks, library, _ = render_children.check(subject)

    assert locks.status is FindingStatus.OK
    assert library.status is FindingStatus.WRONG
    assert library.what.endswith("shared/imaging/native is not compiled")


def test_a_computer_that_cannot_start_a_child_is_wrong(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: RenderChild) -> ReadyFrame:
        raise RenderUnavailable("exited with code 1", stage="start")

    monkeypatch.setattr(RenderChild, "await_ready", refuse)

    here, _ = findings(stack)

    assert here.status is FindingStatus.WRONG
    assert "exited with code 1" in here.what


def test_the_last_locks_that_a_worker_logged_are_shown(stack: LocalStack) -> None:
    log({"event": "image done"}, line(["not_dumpable"]), line(Lock), {"event": "image done"})

    _, workers = findings(stack, group=GROUP)

    assert workers == Finding("render children", f"in the workers they are locked by {ALL_LOCKS}")


def test_locks_that_the_kernel_of_the_workers_refuses_are_named(stack: LocalStack) -> None:
    log(line([lock for lock in Lock if lock is not Lock.LANDLOCK]))

    _, workers = findings(stack, group=GROUP)

    assert workers.status is FindingStatus.SKIPPED
    assert workers.what.endswith("; the kernel refuses landlock")


def test_workers_that_logged_no_locks_are_skipped(stack: LocalStack) -> None:
    log({"event": "image done"}, "render children locked", {"event": "render children locked"})

    _, workers = findings(stack, group=GROUP)

    assert workers.status is FindingStatus.SKIPPED
    assert "no worker logged its locks" in workers.what
