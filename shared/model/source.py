"""A source: the current version of an object in the sources bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

MAX_VALUE_CHARS = 64
# The beginning of the part of an identity that only a source with its own recipe has.
ASKS_FOR_RECIPE = ";recipe="


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a source's S3 user metadata sets: a recipe's name, and a focal point as text."""

    recipe: str | None = None
    focal: str | None = None

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Overrides":
        """Read the fields `recipe` and `focal` of S3 user metadata; others are ignored."""
        return cls(recipe=metadata.get("recipe"), focal=metadata.get("focal"))


@dataclass(frozen=True, slots=True)
class Source:
    """A source as HeadObject describes it.

    If it `has_customer_key`, S3 returns it only with the key of its owner (SSE-C), and
    its metadata are unknown.
    `last_modified` is only compared for equality: it changes when the same file is uploaded again,
    and then a rejected source is tried again.
    """

    key: str
    etag: str
    size_bytes: int
    overrides: Overrides = Overrides()
    is_own_output: bool = False
    last_modified: str = ""
    has_customer_key: bool = False

    @property
    def identity(self) -> str:
        """Return the ETag and the overrides: the variants depend on both.

        A copy that changes the metadata only keeps the ETag, which alone would miss a new focal
        point.
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
    """Return a short form of a metadata value for the identity, which every ledger item holds.

    It is percent-encoded, so that a value cannot look like two fields. Long values are hashed, as
    metadata may take 2 KB:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
    """
    quoted = quote(value, safe="")
    return quoted if len(quoted) <= MAX_VALUE_CHARS else sha256(value.encode()).hexdigest()
