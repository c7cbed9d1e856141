"""DELETE /v1/images/{key}, POST /v1/deletions: deletes sources; the events do the rest."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from shared.model.errors import PixfleetError
from worker.api.addresses import receipt_path
from worker.api.calls import Call, Reply
from worker.api.deletions.versions import delete_all_versions
from worker.api.fields import Key
from worker.api.keys import accepted_key, accepted_key_of_path
from worker.api.problems import NotConfigured, NotFound, Unavailable
from worker.api.threads import map_at_once

log = structlog.get_logger()

MAX_KEYS = 100
AT_ONCE = 8


class Versions(StrEnum):
    """Which versions of a source are deleted."""

    CURRENT = "current"
    ALL = "all"


class WhichVersions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How one image is deleted."""

    versions: Annotated[
        Versions,
        msgspec.Meta(
            description="`all` deletes earlier versions too, which cannot be undone, and writes a "
            "receipt. Not every stack allows it."
        ),
    ] = Versions.CURRENT


class WhichImage(WhichVersions, forbid_unknown_fields=True, kw_only=True):
    """Which image is deleted, and how."""

    key: Key


class NewDeletions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which images are deleted, and how."""

    keys: Annotated[Sequence[Key], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]
    versions: Versions = Versions.CURRENT


class DeletionOutcome(StrEnum):
    """What became of one deletion; only a `deleted` source was changed in full."""

    DELETED = "deleted"
    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class Deletion(msgspec.Struct, kw_only=True):
    """What became of one key."""

    key: Key
    outcome: DeletionOutcome
    receipt: Annotated[
        str | UnsetType, msgspec.Meta(description="With versions=all: the path of the receipt.")
    ] = UNSET
    detail: Annotated[
        str | UnsetType, msgspec.Meta(description="What to do, if it was not deleted in full.")
    ] = UNSET


class Deletions(msgspec.Struct, kw_only=True):
    """What became of each key, in the order of the request."""

    deletions: Sequence[Deletion]


def delete_image_by_key(call: Call, *, key: str, query: WhichVersions) -> Reply:
    """Delete an image.

    The path is for keys without a percent sign; `DELETE /v1/image?key=` takes every key.
    """
    accepted_key_of_path(key, call.caller.prefix)
    return _delete_one(call, key, query.versions)


def delete_image(call: Call, *, query: WhichImage) -> Reply:
    """Delete an image.

    The original is deleted at once, its variants and their cached copies shortly afterwards.
    """
    return _delete_one(call, query.key, query.versions)


def create_deletions(call: Call, *, body: NewDeletions) -> Reply:
    """Delete up to a hundred images, and say what became of each.

    All keys are checked before the first is deleted.
    """
    _require_allowed(call, body.versions)
    keys = [accepted_key(key, call.caller.prefix) for key in dict.fromkeys(body.keys)]
    call.note(keys=len(keys), versions=body.versions.value)
    deletions = map_at_once(lambda key: _delete(call, key, body.versions), keys, most=AT_ONCE)
    return Reply(Deletions(deletions=deletions), 202)


def _delete_one(call: Call, key: str, versions: Versions) -> Reply:
    _require_allowed(call, versions)
    accepted_key(key, call.caller.prefix)
    call.note(key=key, versions=versions.value)
    deletion = _delete(call, key, versions)
    if deletion.outcome is DeletionOutcome.UNKNOWN:
        raise NotFound("Correct the key: there is no image of this key.")
    if deletion.outcome is DeletionOutcome.FAILED:
        raise Unavailable("Repeat the request after a few seconds: S3 did not answer.")
    return Reply(deletion, 202)


def _require_allowed(call: Call, versions: Versions) -> None:
    if versions is Versions.ALL and not call.context.settings.deletes_versions:
        raise NotConfigured("Leave out versions: this stack deletes the current version only.")


def _delete(call: Call, key: str, versions: Versions) -> Deletion:
    try:
        return _all_versions(call, key) if versions is Versions.ALL else _current(call, key)
    except PixfleetError as error:
        log.warning("a deletion failed", key=key, error=str(error))
        detail = "Repeat the request for this key."
        return Deletion(key=key, outcome=DeletionOutcome.FAILED, detail=detail)


def _current(call: Call, key: str) -> Deletion:
    if call.context.sources.describe(key) is None:
        return Deletion(key=key, outcome=DeletionOutcome.UNKNOWN)
    call.context.sources.delete(key)
    return Deletion(key=key, outcome=DeletionOutcome.DELETED)


def _all_versions(call: Call, key: str) -> Deletion:
    done = delete_all_versions(call, key)
    if done is None:
        return Deletion(key=key, outcome=DeletionOutcome.UNKNOWN)
    deletion = Deletion(
        key=key, outcome=DeletionOutcome.DELETED, receipt=receipt_path(done.receipt_id)
    )
    if not done.is_all:
        deletion.outcome = DeletionOutcome.INCOMPLETE
        deletion.detail = "Repeat the request for this key: it has more versions."
    return deletion
