"""Puts an earlier version of a source back as a new newest version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.pixfleet.image.history import SourceVersion
from scripts.pixfleet.terminal.text import quoted
from shared.cloud.calls import Calls
from shared.cloud.errors import ConditionRefused
from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# CopyObject copies no more: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
MAX_COPY_BYTES = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a restoration does: `chosen` becomes the newest version of `key`.

    `current` is the newest version now, a delete marker if it has no ETag. `versions` are all that
    were read, newest first.
    """

    key: str
    chosen: SourceVersion
    current: SourceVersion
    versions: Sequence[SourceVersion]

    @property
    def changes_nothing(self) -> bool:
        """Return whether the newest version has these bytes already."""
        return self.current.etag == self.chosen.etag

    @property
    def undeletes(self) -> bool:
        """Return whether the source is deleted now."""
        return not self.current.etag


def plan_restoration(key: str, versions: Sequence[SourceVersion], wanted: str) -> Restoration:
    """Return what to do; `Misconfigured` if there is no such version, or none to go back to.

    `wanted` is the id of a version or its beginning; if it is empty, the newest version before the
    current one is taken, or the newest one of a deleted source.
    """
    if not versions:
        raise Misconfigured(
            f"{quoted(key)} cannot be restored",
            ["expected a key that has versions, got none: keys are case-sensitive"],
        )
    current = next(each for each in versions if each.is_latest)
    earlier = [each for each in versions if each.etag and not each.is_latest]
    matching = [each for each in versions if each.etag and each.id.startswith(wanted)]
    candidates = matching if wanted else earlier[:1]
    if len(candidates) != 1:
        known = ", ".join(each.id for each in versions if each.etag) or "none"
        expected = "the id of one version" if wanted else "an earlier version"
        raise Misconfigured(
            f"{quoted(key)} cannot be restored",
            [f"expected {expected}; its versions are {known}"],
        )
    chosen = candidates[0]
    if chosen.size_bytes > MAX_COPY_BYTES:
        raise Misconfigured(
            f"{quoted(key)} cannot be restored",
            [f"expected at most 5 GiB, which S3 copies at once, got {chosen.size_bytes} bytes"],
        )
    return Restoration(key, chosen, current, versions)


def restore(s3: "S3Client", calls: Calls, bucket: str, restoration: Restoration) -> str:
    """Copy the chosen version and return the id of the new one.

    Metadata and tags are copied too. `Misconfigured` if the source has changed since it was read:
    S3 then refuses the copy, so that no upload of that moment is covered.
    """
    current, chosen = restoration.current, restoration.chosen
    condition: dict[str, str] = {"IfNoneMatch": "*"}
    if not restoration.undeletes:
        condition = {"IfMatch": f'"{current.etag}"'}
    try:
        answer = calls.attempt(
            lambda: s3.copy_object(
                Bucket=bucket,
                Key=restoration.key,
                CopySource={"Bucket": bucket, "Key": restoration.key, "VersionId": chosen.id},
                **condition,  # type: ignore[arg-type] # one of two options
            ),
            stage="restore",
        )
    except ConditionRefused:
        raise Misconfigured(
            f"{quoted(restoration.key)} was not restored",
            ["it was replaced or deleted a moment ago: look at its versions, then try again"],
        ) from None
    return answer.get("VersionId", "")
