import io
import json
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.upload import Store
from scripts.pixfleet.commands import backfill as commands
from shared.model.source import Listed
from tests.functional.cli.conftest import RunCommand
from tests.support.images import png, truncated_jpeg

pytestmark = pytest.mark.functional

PICTURE = png((8, 8))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder beside the working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def _fill(folder: Path, *names: str, data: bytes = PICTURE) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _keys(clients: Clients, stack: LocalStack) -> list[str]:
    listed = clients.s3.list_objects_v2(Bucket=stack.sources_bucket)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_a_folders_images_are_uploaded_under_the_prefix(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder, "a.png", "deep/er/b c.png", "ü.png")

    answer = pixfleet("backfill", "upload", folder, "--prefix", "2024", "--no-wait", "--json")

    assert answer.code == 0
    assert _keys(clients, stack) == ["2024/a.png", "2024/deep/er/b c.png", "2024/ü.png"]
    assert (answer.document["sent"], answer.document["skipped"]) == (3, {})


def test_the_outcomes_of_uploads_are_counted(
    folder: Path, pixfleet: RunCommand, stack: LocalStack, run_worker: Callable[[str], None]
) -> None:
    _fill(folder, "a.png", "b.png")
    pixfleet("backfill", "upload", folder, "--no-wait")
    with redirect_stdout(io.StringIO()):
        run_worker(stack.live_queue)

    answer = pixfleet("backfill", "upload", folder, "--json")

    totals = answer.document
    assert answer.code == 0
    assert [totals[each] for each in ("sent", "made", "waiting")] == [2, 2, 0]


def test_content_that_the_bucket_holds_is_not_uploaded_again(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder, "same.png", "changed.png", "new.png")
    for key, data in (("same.png", PICTURE), ("changed.png", png((8, 8), seed=2))):
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)
    before = clients.s3.list_object_versions(Bucket=stack.sources_bucket, Prefix="same.png")

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    after = clients.s3.list_object_versions(Bucket=stack.sources_bucket, Prefix="same.png")
    body = clients.s3.get_object(Bucket=stack.sources_bucket, Key="changed.png")["Body"]
    assert answer.document["sent"] == 2
    assert answer.document["skipped"] == {"already_there": {"count": 1, "example": "same.png"}}
    assert len(after["Versions"]) == len(before["Versions"]) == 1
    assert body.read() == PICTURE


def test_a_file_that_is_no_image_is_skipped_and_named(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder, "a.png")
    _fill(folder, "notes.png", data=b"not a picture")
    _fill(folder, "drawing.svg", data=b"<svg/>")
    os.mkfifo(folder / "pipe.png")

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    assert _keys(clients, stack) == ["a.png"]
    assert answer.document["skipped"] == {
        "not_a_file": {"count": 1, "example": "pipe.png"},
        "not_an_image": {"count": 1, "example": "notes.png"},
        "unsupported_format": {"count": 1, "example": "drawing.svg"},
    }


def test_a_run_with_refused_files_ends_with_3_and_its_report_names_all(
    folder: Path, pixfleet: RunCommand, run_worker: Callable[..., None], tmp_path: Path
) -> None:
    _fill(folder, "a.png")
    _fill(folder, "half.jpg", data=truncated_jpeg())
    _fill(folder, "notes.png", data=b"not a picture")
    _fill(folder, "README", data=b"a text")
    report = tmp_path / "left-out.jsonl"
    upload = ("backfill", "upload", folder, "--report", report)

    first = pixfleet(*upload, "--no-wait", "--json")
    run_worker()
    second = pixfleet(*upload, "--json")

    assert (first.code, first.document["refused_files"]) == (3, 1)
    assert second.code == 3
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert lines == [
        {"file": "README", "outcome": "not_an_image"},
        {"file": "notes.png", "outcome": "not_an_image"},
        {"key": "half.jpg", "outcome": "rejected", "cause": "truncated"},
    ]


def test_a_text_beside_the_images_is_no_refusal(
    folder: Path, pixfleet: RunCommand, run_worker: Callable[..., None]
) -> None:
    _fill(folder, "a.png")
    _fill(folder, "README", data=b"a text")

    pixfleet("backfill", "upload", folder, "--no-wait")
    run_worker()

    assert pixfleet("backfill", "upload", folder).code == 0


def test_a_dry_run_names_the_files_that_it_would_upload(
    folder: Path, pixfleet: RunCommand
) -> None:
    names = [f"{number:02}.png" for number in range(22)]
    for name in names:
        _fill(folder, name)

    shown = pixfleet("backfill", "upload", folder, "--prefix", "new/", "--dry-run").out
    document = pixfleet("backfill", "upload", folder, "--dry-run", "--json").document

    assert sum(f"  new/{name}\n" in shown for name in names) == 20
    assert "and 2 more: --json names them" in shown
    assert document["keys"] == names


def test_a_link_out_of_the_folder_is_skipped_and_one_within_is_followed(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder.parent, "secret.png")
    _fill(folder, "a.png")
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "in.png").symlink_to("a.png")
    (folder / "up").symlink_to(folder.parent)

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    assert _keys(clients, stack) == ["a.png", "in.png"]
    assert answer.document["skipped"]["link_outside"]["count"] == 2


def test_a_name_that_no_key_can_have_is_skipped(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder, "a.png", "two\nlines.png", "deep" * 62 + ".png")
    (folder / os.fsdecode(b"\xff.png")).write_bytes(PICTURE)

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    assert answer.document["sent"] == 2
    assert answer.document["skipped"]["unsupported_key"]["count"] == 2


def test_a_continued_run_uploads_only_the_rest(
    folder: Path,
    pixfleet: RunCommand,
    clients: Clients,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fill(folder, *(f"{at}.png" for at in range(6)))
    _die_after_uploads(3, folder, pixfleet, monkeypatch)
    first = _versions(clients, stack)

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    assert len(first) == 3
    assert first < _versions(clients, stack)
    assert len(_versions(clients, stack)) == answer.document["sent"] == 6
    assert answer.document["skipped"] == {}


def test_a_file_that_vanished_is_counted_as_skipped(
    folder: Path, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(folder, "a.png", "b.png")
    holds = Store.holds

    def holds_and_vanishes(store: Store, listed: Listed | None, path: Path) -> bool:
        answer = holds(store, listed, path)
        (folder / "b.png").unlink(missing_ok=True)
        return answer

    monkeypatch.setattr(Store, "holds", holds_and_vanishes)

    answer = pixfleet("backfill", "upload", folder, "--no-wait", "--json")

    assert answer.document["sent"] == 1
    assert answer.document["skipped"] == {"unreadable": {"count": 1, "example": "b.png"}}


def test_a_folder_that_does_not_exist_is_refused(folder: Path, pixfleet: RunCommand) -> None:
    answer = pixfleet("backfill", "upload", folder / "nowhere")

    assert answer.code == 2
    assert "expected a folder that holds images" in answer.err
    assert not Path(".pixfleet/backfill.sqlite").exists()


def test_the_former_name_is_answered_with_the_new_one(folder: Path, pixfleet: RunCommand) -> None:
    answer = pixfleet("backfill", "drop", folder, "--prefix", "2024/")

    assert answer.code == 2
    assert answer.err == "This command is now `pixfleet backfill upload`.\n"


def test_a_dry_run_uploads_nothing(
    folder: Path, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _fill(folder, "a.png")
    _fill(folder, "b.txt", data=b"text")

    answer = pixfleet("backfill", "upload", folder, "--dry-run", "--json")

    assert (answer.code, answer.document["images"]) == (0, 1)
    assert _keys(clients, stack) == []
    assert not Path(".pixfleet").exists()


class _Killed(BaseException):
    """Ends a process as SIGKILL does: no handler for an `Exception` runs."""


def _die_after_uploads(
    uploads: int, folder: Path, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Store.put
    done: list[str] = []

    def put_or_die(store: Store, key: str, path: Path) -> None:
        if len(done) == uploads:
            raise _Killed
        done.append(key)
        put(store, key, path)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "POLICY", BackfillPolicy(upload_threads=1))
        patch.setattr(Store, "put", put_or_die)
        with pytest.raises(_Killed):
            pixfleet("backfill", "upload", folder, "--no-wait")


def _versions(clients: Clients, stack: LocalStack) -> set[str]:
    listed = clients.s3.list_object_versions(Bucket=stack.sources_bucket)
    return {each["VersionId"] for each in listed.get("Versions", [])}
