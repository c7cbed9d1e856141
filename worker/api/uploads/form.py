"""POST /v1/images: small files in one form, straight through to the bucket."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from shared.cloud.errors import ConditionRefused
from shared.model.errors import PixfleetError
from worker.api.addresses import image_path
from worker.api.calls import Call, Reply
from worker.api.fields import Key
from worker.api.forms import FormFile
from worker.api.keys import accepted_key
from worker.api.problems import AlreadyExists, BadRequest, Problem, Unavailable
from worker.api.threads import map_at_once
from worker.api.translation import problem_of
from worker.api.uploads.terms import require_recipe, require_type

log = structlog.get_logger()

AT_ONCE = 4


class NewImages(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The fields of the form."""

    files: Annotated[
        Sequence[FormFile],
        msgspec.Meta(min_length=1, description="Each with its file name and Content-Type."),
    ]
    folder: Annotated[
        str | UnsetType,
        msgspec.Meta(description="What precedes the file names; else the token's folder."),
    ] = UNSET
    replace: Annotated[
        bool, msgspec.Meta(description="Replace images that exist under these keys.")
    ] = False


class FileOutcome(StrEnum):
    """What became of a file; only `stored` ones are in the bucket."""

    STORED = "stored"
    EXISTS = "exists"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_STORED = "not stored"


class StoredFile(msgspec.Struct, kw_only=True):
    """What became of one file."""

    name: str
    outcome: FileOutcome
    key: Key | UnsetType = UNSET
    image: Annotated[
        str | UnsetType, msgspec.Meta(description="The path and query of the image's status.")
    ] = UNSET
    detail: Annotated[str | UnsetType, msgspec.Meta(description="What to do about it.")] = UNSET


class StoredFiles(msgspec.Struct, kw_only=True):
    """What became of each file, in the order of the form."""

    files: Sequence[StoredFile]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and the key that it will be stored under, or the problem with it."""

    file: FormFile
    key: str
    problem: Problem | None = None


def create_images(call: Call, *, form: NewImages) -> Reply:
    """Store small files, of 4.5 MB together.

    All are checked before the first is stored. If one is refused or exists already, none is
    stored; the answer says for each file what became of it.
    """
    checked = [_check(call, form, file) for file in form.files]
    call.note(keys=len(checked))
    _refuse_repetitions(checked)
    if first := next((each.problem for each in checked if each.problem), None):
        raise type(first)(first.detail, members=_members(map(_refusal, checked)))
    if not form.replace and (existing := _existing(call, checked)):
        raise _exists(_outcomes_if_existing(checked, existing))
    files = map_at_once(lambda each: _store(call, each, form), checked, most=AT_ONCE)
    outcomes = {each.outcome for each in files}
    if FileOutcome.FAILED in outcomes:
        raise Unavailable("Send the files again that failed.", members=_members(files))
    if FileOutcome.EXISTS in outcomes:  # it appeared after the check
        raise _exists(files)
    return Reply(StoredFiles(files=files), 201)


def _check(call: Call, form: NewImages, file: FormFile) -> Checked:
    folder = call.caller.prefix if form.folder is UNSET else form.folder
    key = f"{folder}{file.name}"
    try:
        accepted_key(key, call.caller.prefix)
        if not file.name or not file.data:
            raise BadRequest("Send files that have a name and are not empty.")
        require_type(file.content_type)
        require_recipe(call, key)
    except PixfleetError as error:
        return Checked(file, key, problem_of(error))
    return Checked(file, key)


def _refuse_repetitions(checked: Sequence[Checked]) -> None:
    keys = [each.key for each in checked]
    if len(set(keys)) != len(keys):
        raise BadRequest("Send files with different names: each name is the end of a key.")


def _existing(call: Call, checked: Sequence[Checked]) -> frozenset[str]:
    keys = [each.key for each in checked]
    found = map_at_once(call.context.sources.describe, keys, most=AT_ONCE)
    return frozenset(upload.source.key for upload in found if upload)


def _store(call: Call, checked: Checked, form: NewImages) -> StoredFile:
    file = checked.file
    try:
        call.context.sources.put(
            checked.key,
            file.data,
            content_type=file.content_type,
            owner=call.caller.owner,
            if_absent=not form.replace,
        )
    except ConditionRefused:
        return _outcome(checked, FileOutcome.EXISTS)
    except PixfleetError as error:
        log.warning("a file was not stored", key=checked.key, error=str(error))
        return _outcome(checked, FileOutcome.FAILED)
    stored = _outcome(checked, FileOutcome.STORED)
    stored.image = image_path(checked.key)
    return stored


def _outcome(checked: Checked, outcome: FileOutcome) -> StoredFile:
    return StoredFile(name=checked.file.name, key=checked.key, outcome=outcome)


def _refusal(checked: Checked) -> StoredFile:
    if checked.problem is None:
        return StoredFile(name=checked.file.name, outcome=FileOutcome.NOT_STORED)
    return StoredFile(
        name=checked.file.name, outcome=FileOutcome.REFUSED, detail=checked.problem.detail
    )


def _outcomes_if_existing(
    checked: Sequence[Checked], existing: frozenset[str]
) -> Iterator[StoredFile]:
    for each in checked:
        is_there = each.key in existing
        yield _outcome(each, FileOutcome.EXISTS if is_there else FileOutcome.NOT_STORED)


def _exists(files: Iterator[StoredFile] | Sequence[StoredFile]) -> AlreadyExists:
    return AlreadyExists(
        "Rename the files that exist, or send the field replace=true.", members=_members(files)
    )


def _members(files: Iterator[StoredFile] | Sequence[StoredFile]) -> Mapping[str, object]:
    return {"files": [msgspec.to_builtins(each) for each in files]}
