"""The record of an image: what is known of its source, its variants and what became of it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from shared.cloud.source_bucket import Upload
from shared.model.entry import Entry
from shared.model.keys import manifest_url
from shared.model.manifest import Manifest, ManifestVariant
from worker.api.fields import Key, Time, time_or_unset


class ImageStatus(StrEnum):
    """What has become of a source."""

    READY = "ready"
    PENDING = "pending"
    REJECTED = "rejected"


class VariantRecord(msgspec.Struct, kw_only=True):
    """One variant; `bytes` is null for one that is made at the first request."""

    name: str
    slot: str
    type: str
    width: int
    height: int
    bytes: int | None
    url: str


class Savings(msgspec.Struct, kw_only=True):
    """What a browser saves that loads the widest variant instead of the original."""

    bytes: Annotated[int, msgspec.Meta(description="Negative if the variant is larger.")]
    percent: float


class Processing(msgspec.Struct, kw_only=True):
    """How long the variants took."""

    total_seconds: float
    cpu_seconds: float


class Image(msgspec.Struct, kw_only=True):
    """One image."""

    key: Key
    status: ImageStatus
    bytes: Annotated[int, msgspec.Meta(description="The length of the original.")]
    type: str | UnsetType = UNSET
    owner: Annotated[
        str | UnsetType, msgspec.Meta(description="The claim of the token that uploaded it.")
    ] = UNSET
    uploaded_at: Time | UnsetType = UNSET
    updated_at: Annotated[
        Time | UnsetType, msgspec.Meta(description="When the variants were published or refused.")
    ] = UNSET
    expires_at: Annotated[
        Time | UnsetType, msgspec.Meta(description="When a lifecycle rule deletes the original.")
    ] = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    format: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    recipe: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    manifest: Annotated[
        str | UnsetType, msgspec.Meta(description="The URL of the manifest, for web pages.")
    ] = UNSET
    variant_bytes: Annotated[
        int | UnsetType, msgspec.Meta(description="The length of all stored variants together.")
    ] = UNSET
    savings: Savings | UnsetType = UNSET
    processing: Processing | UnsetType = UNSET
    variants: Sequence[VariantRecord] | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    reason: Annotated[
        str | UnsetType, msgspec.Meta(description="What was expected of the file, and found.")
    ] = UNSET


def record_of(upload: Upload, status: ImageStatus) -> Image:
    """Return what is known of a source alone."""
    return Image(
        key=upload.source.key,
        status=status,
        bytes=upload.source.size_bytes,
        type=upload.content_type or UNSET,
        owner=upload.owner or UNSET,
        uploaded_at=time_or_unset(upload.uploaded_at),
        expires_at=time_or_unset(upload.expires_at),
    )


def rejected_record(upload: Upload, entry: Entry) -> Image:
    """Return the record of a source without variants."""
    image = record_of(upload, ImageStatus.REJECTED)
    image.updated_at = time_or_unset(entry.updated_at)
    image.cause, image.reason = entry.cause, entry.detail
    return image


def ready_record(upload: Upload, entry: Entry, manifest: Manifest, base_url: str) -> Image:
    """Return the record of a published source; `base_url` is put before the variants' paths."""
    image = record_of(upload, ImageStatus.READY)
    image.updated_at = time_or_unset(entry.updated_at)
    image.width, image.height = manifest.source.width, manifest.source.height
    image.format, image.version = manifest.source.format, manifest.version
    image.recipe = manifest.recipe
    image.colour = manifest.placeholder.colour if manifest.placeholder else UNSET
    image.manifest = f"{base_url}{manifest_url(upload.source.key)}"
    image.variant_bytes = entry.variant_bytes
    image.savings = _savings(upload.source.size_bytes, manifest.variants)
    image.processing = Processing(total_seconds=entry.total_seconds, cpu_seconds=entry.cpu_seconds)
    image.variants = [_variant(each, base_url) for each in manifest.variants]
    return image


def _variant(variant: ManifestVariant, base_url: str) -> VariantRecord:
    return VariantRecord(
        name=variant.name,
        slot=variant.slot.value,
        type=variant.type,
        width=variant.width,
        height=variant.height,
        bytes=variant.bytes,
        url=f"{base_url}{variant.url}",
    )


def _savings(original_bytes: int, variants: Sequence[ManifestVariant]) -> Savings | UnsetType:
    """Return what the smallest file of the widest variant saves; UNSET if none is stored."""
    sizes = [(-each.width, each.bytes) for each in variants if each.bytes is not None]
    if not sizes or not original_bytes:
        return UNSET
    _, smallest = min(sizes)
    saved = original_bytes - smallest
    return Savings(bytes=saved, percent=round(100 * saved / original_bytes, 1))
