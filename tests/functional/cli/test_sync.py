"""`pixfleet sync`: what it uploads, what it would delete, and what it never deletes."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.client import BaseClient

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.backfill.deletions import SourcesToDelete
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.commands import sync as commands
from scripts.pixfleet.terminal.console import Console
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.support.images import png

pytestmark = pytest.mark.functional

PICTURE = png((8, 8))
OTHER = png((8, 8), seed=2)
Sync = Callable[..., CommandResult]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with one picture beside the working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(PICTURE)
    return folder


@pytest.fixture(name="sync")
def _sync(pixfleet: RunCommand, folder: Path) -> Sync:
    """Give a function that synchronises the folder with the prefix 2024/."""
    return lambda *words: pixfleet("sync", folder, "--prefix", "2024/", "--no-wait", *words)


@pytest.fixture(name="s3_calls")
def _s3_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the calls that any client has made."""
    calls: list[str] = []
    make = BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(client: BaseClient, name: str, *given: Any) -> Any:  # noqa: ANN401 - passed on
        calls.append(name)
        return make(client, name, *given)

    monkeypatch.setattr(BaseClient, "_make_api_call", count)
    return calls


def _put(clients: Clients, stack: LocalStack, *keys: str, data: bytes = PICTURE) -> None:
    for key in keys:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)


def _keys(clients: Clients, stack: LocalStack) -> list[str]:
    listed = clients.s3.list_objects_v2(Bucket=stack.sources_bucket)
    return [each["Key"] for each in listed.get("Contents", [])]


def _deletions(answer: CommandResult) -> dict[str, Any]:
    found: dict[str, Any] = answer.document["deletions"]
    return found


def test_a_second_run_costs_a_listing_and_no_request_for_each_file(
    sync: Sync, folder: Path, clients: Clients, stack: LocalStack, s3_calls: list[str]
) -> None:
    for number in range(20):
        (folder / f"{number}.png").write_bytes(png((8, 8), seed=number))
    sync()
    s3_calls.clear()

    same = sync("--json", "--restart")
    calls = Counter(s3_calls)
    (folder / "7.png").write_bytes(png((8, 8), seed=77))
    changed = sync("--json", "--restart").document

    assert same.document["skipped"]["already_there"]["count"] == 21
    assert calls["ListObjectsV2"] == 2, "one for the estimate and one for the run"
    assert not {"HeadObject", "PutObject"} & calls.keys()
    assert (changed["sent"], changed["skipped"]["already_there"]["count"]) == (1, 20)


def test_where_the_etag_is_no_md5_the_checksum_tells(
    sync: Sync, folder: Path, clients: Clients, stack: LocalStack
) -> None:
    """As in buckets with KMS keys: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html."""
    upload = clients.s3.create_multipart_upload(
        Bucket=stack.sources_bucket, Key="2024/a.png", ChecksumAlgorithm="SHA256"
    )
    named: Any = {
        "Bucket": stack.sources_bucket,
        "Key": "2024/a.png",
        "UploadId": upload["UploadId"],
    }
    part = clients.s3.upload_part(**named, PartNumber=1, Body=PICTURE)
    clients.s3.complete_multipart_upload(
        **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )

    answer = sync("--json")

    assert answer.document["sent"] == 1
    assert _keys(clients, stack) == ["2024/a.png"]


def test_without_delete_nothing_is_deleted(
    sync: Sync, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, "2024/old.png")

    answer = sync("--json")

    assert (answer.code, answer.document["sent"]) == (0, 1)
    assert _keys(clients, stack) == ["2024/a.png", "2024/old.png"]
    assert "deletions" not in answer.document


def test_keys_without_a_file_are_deleted_after_the_uploads(
    sync: Sync, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, "2023/a.png", "2024/deep/old.png", "2024/old.png", "2024x.png")

    answer = sync("--delete", "--yes", "--json")

    assert answer.code == 0, answer
    assert _keys(clients, stack) == ["2023/a.png", "2024/a.png", "2024x.png"]
    assert _deletions(answer) == {
        "planned": 2,
        "deleted": 2,
        "changed": 0,
        "file_returned": 0,
        "already_gone": 0,
        "waiting": 0,
        "kept": {},
    }


def test_a_dry_run_names_every_key_and_deletes_none(
    sync: Sync, clients: Clients, stack: LocalStack
) -> None:
    keys = [f"2024/{number:02}.png" for number in range(25)]
    _put(clients, stack, *keys)

    as_json = sync("--delete", "--dry-run", "--json")
    shown = sync("--delete", "--dry-run").out

    assert _deletions(as_json) == {"planned": 25, "keys": keys, "kept": {}}
    assert all(key in shown for key in keys[:20])
    assert "and 5 more: `--json` lists all." in shown
    assert _keys(clients, stack) == keys


def test_without_a_yes_nothing_is_uploaded_or_deleted(
    sync: Sync, clients: Clients, stack: LocalStack
) -> None:
    keys = [f"2024/{number:02}.png" for number in range(25)]
    _put(clients, stack, *keys)

    answer = sync("--delete")

    assert answer.code == 2
    assert "Delete 25 keys from pixfleet-sources? Type --yes to go on." in answer.err
    rest = Path(".pixfleet/sync.sqlite.deletions")
    assert f"{rest} lists all" in answer.err
    lines = [json.loads(line) for line in rest.read_text().splitlines()]
    assert [each["key"] for each in lines] == keys
    assert _keys(clients, stack) == keys


@pytest.mark.parametrize("answer", [typer.Abort(), typer.Exit(code=1)], ids=["Ctrl-C", "no"])
def test_a_question_that_is_not_answered_with_yes_leaves_no_checkpoint(
    sync: Sync,
    clients: Clients,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
    answer: Exception,
) -> None:
    _put(clients, stack, "2024/old.png")

    def confirm(*_: object, **__: object) -> None:
        raise answer

    monkeypatch.setattr(Console, "confirm", confirm)

    ended = sync("--delete")

    assert ended.code in (1, 130)
    assert not Path(".pixfleet/sync.sqlite").exists()
    assert _keys(clients, stack) == ["2024/old.png"]


def test_what_the_folder_has_and_does_not_upload_is_kept(
    sync: Sync, folder: Path, clients: Clients, stack: LocalStack
) -> None:
    (folder.parent / "album").mkdir()
    (folder / "album").symlink_to(folder.parent / "album")
    (folder / "notes.png").write_bytes(b"no picture")
    os.mkfifo(folder / "pipe.png")
    kept = ["2024/album/in.png", "2024/notes.png", "2024/pipe.png"]
    _put(clients, stack, *kept, "2024/old.png")

    answer = sync("--delete", "--yes", "--json")

    assert _keys(clients, stack) == ["2024/a.png", *kept]
    # The two that have the very name of a file are no candidates.
    assert _deletions(answer)["kept"] == {
        "file_left_out": {"count": 1, "example": "2024/album/in.png"}
    }


def test_keys_that_no_file_or_nobody_uploaded_are_kept(
    pixfleet: RunCommand, folder: Path, clients: Clients, stack: LocalStack
) -> None:
    kept = ["../up.png", "/root.png", "_drill/1/good.png", "a//b.png", "folder/"]
    _put(clients, stack, *kept, "old.png", "two\nlines.png")

    answer = pixfleet("sync", folder, "--prefix", "", "--no-wait", "--delete", "--yes", "--json")

    assert _keys(clients, stack) == sorted([*kept, "a.png"])
    assert _deletions(answer)["kept"] == {
        "no_file_name": {"count": 4, "example": "../up.png"},
        "own_folder": {"count": 1, "example": "_drill/1/good.png"},
    }


def test_a_report_names_what_was_left_out_kept_and_deleted(
    sync: Sync, folder: Path, clients: Clients, stack: LocalStack, tmp_path: Path
) -> None:
    (folder / "notes.png").write_bytes(b"no picture")
    _put(clients, stack, "2024//odd.png", "2024/old.png")
    report = tmp_path / "report.jsonl"

    sync("--delete", "--yes", "--report", report)
    refused = sync("--report", tmp_path / "nowhere" / "report.jsonl")

    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert lines[:2] == [
        {"file": "notes.png", "outcome": "not_an_image"},
        {"key": "2024//odd.png", "outcome": "kept", "reason": "no_file_name"},
    ]
    assert {**lines[2], "marker": ""} == {
        "key": "2024/old.png",
        "outcome": "deleted",
        "marker": "",
    }
    assert lines[2]["marker"]
    assert (refused.code, "cannot be written" in refused.err) == (2, True)


def test_a_folder_without_images_deletes_nothing(
    sync: Sync, folder: Path, clients: Clients, stack: LocalStack
) -> None:
    (folder / "a.png").unlink()
    _put(clients, stack, "2024/old.png")

    answer = sync("--delete", "--yes")

    assert answer.code == 2
    assert "expected images in" in answer.err
    assert _keys(clients, stack) == ["2024/old.png"]


def test_more_deletions_than_allowed_do_nothing(
    sync: Sync, clients: Clients, stack: LocalStack
) -> None:
    _put(clients, stack, "2024/1.png", "2024/2.png")

    answer = sync("--delete", "--yes", "--max-deletions", 1)

    assert answer.code == 2
    assert "expected at most 1 deletions, got 2" in answer.err
    assert _keys(clients, stack) == ["2024/1.png", "2024/2.png"]


def test_a_key_that_changed_after_it_was_shown_is_kept(
    sync: Sync,
    folder: Path,
    clients: Clients,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _put(clients, stack, "2024/z-back.png", "2024/gone.png", "2024/new.png", "2024/old.png")

    def meanwhile() -> None:
        _put(clients, stack, "2024/new.png", data=OTHER)
        clients.s3.delete_object(Bucket=stack.sources_bucket, Key="2024/gone.png")
        (folder / "z-back.png").write_bytes(PICTURE)

    _before_deletions(monkeypatch, meanwhile)
    answer = sync("--delete", "--yes", "--json")

    assert answer.code == 3
    assert _keys(clients, stack) == ["2024/a.png", "2024/new.png", "2024/z-back.png"]
    found = {name: count for name, count in _deletions(answer).items() if count}
    assert found == {
        "planned": 4,
        "deleted": 1,
        "changed": 1,
        "file_returned": 1,
        "already_gone": 1,
    }


def test_an_interrupted_run_goes_on_and_deletes_only_what_was_shown(
    sync: Sync,
    clients: Clients,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [f"2024/{number}.png" for number in range(6)]
    _put(clients, stack, *shown)
    _interrupt_after_deletions(3, sync, monkeypatch)
    first = _keys(clients, stack)
    _put(clients, stack, "2024/later.png")

    answer = sync("--delete", "--json")

    # A thread may finish one more after the process was told to end.
    assert 1 < len(first) < len(["2024/a.png", *shown])
    assert answer.code == 0, answer
    assert _keys(clients, stack) == ["2024/a.png", "2024/later.png"]
    assert (_deletions(answer)["planned"], _deletions(answer)["deleted"]) == (6, 6)


def test_a_deletion_can_be_undone(sync: Sync, clients: Clients, stack: LocalStack) -> None:
    _put(clients, stack, "2024/old.png")
    sync("--delete", "--yes")

    versions = clients.s3.list_object_versions(Bucket=stack.sources_bucket, Prefix="2024/old")

    assert [each["IsLatest"] for each in versions["DeleteMarkers"]] == [True]
    assert [each["IsLatest"] for each in versions["Versions"]] == [False]


def test_an_upload_that_a_limit_stopped_deletes_nothing(
    sync: Sync, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(clients, stack, "2024/old.png")
    monkeypatch.setattr("scripts.pixfleet.backfill.run._Gate.reason_to_stop", lambda _: "a limit")

    answer = sync("--delete", "--yes", "--json")

    assert answer.code == 3
    assert _keys(clients, stack) == ["2024/old.png"]
    assert _deletions(answer)["waiting"] == 1


def test_a_lane_that_does_not_get_the_events_is_refused(
    sync: Sync, pixfleet: RunCommand, folder: Path, clients: Clients, stack: LocalStack
) -> None:
    refused = sync("--lane", "bulk")
    unknown = sync("--lane", "slow")
    taken = pixfleet("sync", folder, "--prefix", "bulk/", "--lane", "bulk", "--no-wait")
    upload = pixfleet("backfill", "upload", folder, "--prefix", "2024", "--lane", "bulk")

    assert (refused.code, unknown.code, upload.code, taken.code) == (2, 2, 2, 0)
    assert "add 2024/ to lanes.bulk.prefixes in Terraform and apply first" in refused.err
    assert "or a --prefix that begins with bulk/" in refused.err
    assert "expected --lane bulk, live, got 'slow'" in unknown.err
    assert _keys(clients, stack) == ["bulk/a.png"]


def _before_deletions(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    delete = SourcesToDelete.delete
    todo = [meanwhile]

    def after_the_rest(sources: SourcesToDelete, *given: Any) -> Any:  # noqa: ANN401 - passed on
        while todo:
            todo.pop()()
        return delete(sources, *given)

    monkeypatch.setattr(commands, "POLICY", BackfillPolicy(upload_threads=1))
    monkeypatch.setattr(SourcesToDelete, "delete", after_the_rest)


class _Killed(BaseException):
    """Ends a process as SIGKILL does: no handler for an `Exception` runs."""


def _interrupt_after_deletions(
    deletions: int, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = SourcesToDelete.delete
    done: list[object] = []

    def delete_or_die(sources: SourcesToDelete, planned: Any) -> Any:  # noqa: ANN401 - passed on
        if len(done) == deletions:
            raise _Killed
        done.append(planned)
        return delete(sources, planned)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "POLICY", BackfillPolicy(upload_threads=1))
        patch.setattr(SourcesToDelete, "delete", delete_or_die)
        with pytest.raises(_Killed):
            sync("--delete", "--yes")
