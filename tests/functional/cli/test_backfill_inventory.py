import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.sources import enqueued, put

pytestmark = pytest.mark.functional

WorkOff = Callable[[str], None]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


MANIFEST = "s3://pixfleet-variants/inventory/manifest.json"
COLUMNS = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag"


def _put_inventory(
    clients: Clients,
    stack: LocalStack,
    rows: Iterable[tuple[str, str, str]],
    *,
    file_format: str = "CSV",
    source_bucket: str = "",
) -> None:
    text = io.StringIO()
    bucket = source_bucket or stack.sources_bucket
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        (bucket, quote_plus(key, safe="/"), "1", latest, marker, "68", "0" * 32)
        for key, latest, marker in rows
    )
    manifest = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::pixfleet-variants",
        "version": "2016-11-30",
        "fileFormat": file_format,
        "fileSchema": COLUMNS,
        "files": [{"key": "inventory/data/1.csv.gz", "size": 1, "MD5checksum": "0"}],
    }
    for key, data in (
        ("inventory/manifest.json", json.dumps(manifest).encode()),
        ("inventory/data/1.csv.gz", gzip.compress(text.getvalue().encode())),
    ):
        clients.s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=data)


def test_an_inventory_is_read_with_its_keys_decoded(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    keys = ["a b+c/ü.png", "plain.png"]
    put(clients, stack, keys)
    _put_inventory(clients, stack, [(key, "true", "false") for key in keys])

    answer = pixfleet("backfill", "enqueue", "--inventory", MANIFEST, "--no-wait", "--json")

    assert enqueued(clients, stack) == [keys]
    assert answer.code == 0


def test_an_inventorys_old_versions_and_delete_markers_are_left_out(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, ["new.png"])
    rows = [
        ("old.png", "false", "false"),
        ("gone.png", "true", "true"),
        ("new.png", "true", "false"),
    ]
    _put_inventory(clients, stack, rows)

    pixfleet("backfill", "enqueue", "--inventory", MANIFEST, "--no-wait")

    assert enqueued(clients, stack) == [["new.png"]]


@pytest.mark.parametrize("kind", ["ORC", "Parquet"])
def test_an_inventory_of_another_format_is_refused_with_the_remedy(
    kind: str, pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _put_inventory(clients, stack, [], file_format=kind)

    answer = pixfleet("backfill", "enqueue", "--inventory", MANIFEST)

    assert answer.code == 2
    assert f"expected an inventory in CSV, got {kind}" in answer.err
    assert "Traceback" not in answer.err


def test_an_inventory_of_another_bucket_is_refused(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    _put_inventory(clients, stack, [], source_bucket="elsewhere")

    answer = pixfleet("backfill", "enqueue", "--inventory", MANIFEST)

    assert answer.code == 2
    assert "got one of elsewhere" in answer.err
