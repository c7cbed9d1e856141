"""Deletions of `pixfleet sync` against a bucket that checks conditions, as S3 does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.deletion_plan import DeletionOutcome, DeletionPlan
from scripts.pixfleet.backfill.deletions import Deletions, SourcesToDelete
from scripts.pixfleet.backfill.folder import Folder
from shared.model.recipe_reader import read_recipes
from tests.support.fakes import unbounded_calls
from tests.support.recipes import recipe_document

pytestmark = pytest.mark.unit

AT = datetime(2030, 1, 1, tzinfo=UTC)


class _Bucket:
    """A bucket by key and ETag; `replaced` are replaced after they were listed again."""

    def __init__(self, *keys: str) -> None:
        self.etags = dict.fromkeys(keys, "old")
        self.replaced: set[str] = set()
        self.is_cut = False

    def list_objects_v2(self, **request: str | int) -> object:
        prefix, most = str(request["Prefix"]), int(request["MaxKeys"])
        keys = [prefix] if most == 1 else sorted(self.etags)
        found = [
            {"Key": key, "ETag": f'"{self.etags[key]}"', "LastModified": AT, "Size": 8}
            for key in keys
            if key in self.etags and key > str(request.get("StartAfter", ""))
        ]
        self.etags |= {key: "new" for key in self.replaced if most == 1 and key == prefix}
        return {"Contents": found[:most], "IsTruncated": len(found) > most}

    def delete_object(self, **request: str) -> object:
        key = request["Key"]
        if f'"{self.etags[key]}"' != request["IfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "DeleteObject")
        del self.etags[key]
        if self.is_cut:
            raise KeyboardInterrupt
        return {"DeleteMarker": True, "VersionId": f"marker of {key}"}


def _deletions(tmp_path: Path, bucket: _Bucket, threads: ThreadPoolExecutor) -> Deletions:
    s3: Any = bucket  # the calls of boto3 that deletions make
    (tmp_path / "photos").mkdir(exist_ok=True)
    checkpoint = Checkpoint(tmp_path / "state" / "sync.sqlite")
    checkpoint.add_files([("kept.png", 8)])
    folder = Folder(tmp_path / "photos", "", read_recipes(recipe_document()), 1000)
    sources = SourcesToDelete(s3, unbounded_calls(), "sources")
    return Deletions(folder, DeletionPlan(checkpoint), sources, threads)


def test_a_key_that_is_replaced_between_listing_and_deletion_is_kept(tmp_path: Path) -> None:
    bucket = _Bucket("kept.png", "new.png", "old.png")
    bucket.replaced = {"new.png"}
    with ThreadPoolExecutor(1) as threads:
        deletions = _deletions(tmp_path, bucket, threads)
        deletions.find()

        deletions.carry_out()

    assert bucket.etags == {"kept.png": "old", "new.png": "new"}
    assert [(each.key, each.outcome, each.marker) for each in deletions.plan.results()] == [
        ("new.png", DeletionOutcome.CHANGED, ""),
        ("old.png", DeletionOutcome.DELETED, "marker of old.png"),
    ]


def test_a_deletion_whose_answer_was_lost_counts_as_ours(tmp_path: Path) -> None:
    bucket = _Bucket("kept.png", "old.png")
    bucket.is_cut = True
    with ThreadPoolExecutor(1) as threads:
        first = _deletions(tmp_path, bucket, threads)
        first.find()
        with pytest.raises(KeyboardInterrupt):
            first.carry_out()
        continued = _deletions(tmp_path, bucket, threads)

        continued.carry_out()

    totals = continued.plan.totals()
    assert (totals.planned, totals.deleted, totals.already_gone) == (1, 1, 0)


def test_ten_thousand_keys_are_planned_and_deleted(tmp_path: Path) -> None:
    bucket = _Bucket("kept.png", *(f"deep/folder/{number:05}.png" for number in range(10_000)))
    with ThreadPoolExecutor(1) as threads:
        deletions = _deletions(tmp_path, bucket, threads)
        deletions.find()
        planned = sum(1 for _ in deletions.plan.listed())
        deletions.carry_out()

    assert planned == deletions.plan.totals().deleted == 10_000
    assert bucket.etags == {"kept.png": "old"}
