"""A source: an object in the sources bucket, as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

MAX_VALUE_CHARS = 64
# The beginning of the part of an identity that only a source with its own recipe has.
ASKS_FOR_RECIPE = ";recipe="


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a source asks for itself, in its S3 user metadata."""

    recipe: str | None = None
    focal: str | None = None

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Overrides":
        """Read the override fields of S3 user metadata and ignore all others."""
        return cls(recipe=metadata.get("recipe"), focal=metadata.get("focal"))


@dataclass(frozen=True, slots=True)
class Source:
    """A source as HEAD saw it; `size_bytes` is what S3 stores.

    `last_modified` is only ever compared for being the same: whoever drops the same file again
    wants it tried again.
    """

    key: str
    etag: str
    size_bytes: int
    overrides: Overrides = Overrides()
    is_own_output: bool = False
    last_modified: str = ""

    @property
    def identity(self) -> str:
        """Return what must change for the variants to change: the ETag and the overrides.

        A metadata-only copy keeps the ETag, so the ETag alone would miss a new focal point.
        """
        asked = (("recipe", self.overrides.recipe), ("focal", self.overrides.focal))
        return "".join(
            (self.etag, *(f";{name}={_brief(value)}" for name, value in asked if value))
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """A source as a listing shows it, without its metadata; what the listing omits is empty.

    `last_modified` has whole seconds and the form that the ledger stores.
    """

    key: str
    etag: str = ""
    last_modified: str = ""
    size_bytes: int = 0


def _brief(value: str) -> str:
    """Return what stands for a value in an identity, which every ledger item holds.

    Quoted, so that no value can pass for two fields. Metadata may take 2 KB:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    """
    quoted = quote(value, safe="")
    return quoted if len(quoted) <= MAX_VALUE_CHARS else sha256(value.encode()).hexdigest()
