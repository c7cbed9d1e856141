"""Lets `pixfleet verify` list only the shards that have objects: moto takes 0.4 s for all 256."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import pytest

from scripts.pixfleet.verify import listings
from scripts.pixfleet.verify.listings import VariantsListing, object_pages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SEPARATOR = "/"


def list_occupied_shards_only(patch: pytest.MonkeyPatch) -> None:
    """Answer for a shard without objects as S3 does, with an empty page, and without a call."""
    construct = VariantsListing.__init__

    def construct_quickly(
        listing: VariantsListing,
        s3: "S3Client",
        bucket: str,
        prefix: str,
        pool: Executor,
        **named: Any,  # noqa: ANN401 - passed on
    ) -> None:
        occupied = {
            key.partition(SEPARATOR)[0] for page in object_pages(s3, bucket, "") for key in page
        }

        def pages(
            s3: "S3Client", bucket: str, prefix: str, *start: str
        ) -> Iterator[Sequence[str]]:
            is_occupied = prefix.partition(SEPARATOR)[0] in occupied
            return object_pages(s3, bucket, prefix, *start) if is_occupied else iter([[]])

        with pytest.MonkeyPatch.context() as listed:
            listed.setattr(listings, "object_pages", pages)
            construct(listing, s3, bucket, prefix, pool, **named)

    patch.setattr(VariantsListing, "__init__", construct_quickly)
