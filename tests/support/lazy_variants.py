"""Stores lazy variants as a renderer does, without rendering."""

from typing import TYPE_CHECKING

from shared.cloud.claims import Claim
from shared.cloud.ledger import Ledger
from shared.cloud.serving_claims import ServingClaims
from shared.cloud.stored_objects import VERSION
from shared.model.codec import Codec
from shared.model.keys import stored_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = b"a lazy variant"


def claimed_to_serve(ledger: Ledger, key: str, name: str, *, lease_seconds: float = 600) -> Claim:
    """Claim a published key to store one name of its present version."""
    return ServingClaims(ledger).claim(
        key, name, entry=ledger.read(key), lease_seconds=lease_seconds, records_name=True
    )


def put_lazy(s3: "S3Client", bucket: str, key: str, name: str, version: str) -> None:
    """Store an object without a claim."""
    s3.put_object(
        Bucket=bucket,
        Key=stored_key(key, name),
        Body=DATA,
        ContentType=Codec.AVIF.content_type,
        Metadata={VERSION: version},
    )


def store_lazily(ledger: Ledger, s3: "S3Client", bucket: str, key: str, *names: str) -> None:
    """Claim the key, store the object and release the claim, for each name."""
    for name in names:
        claim = claimed_to_serve(ledger, key, name)
        put_lazy(s3, bucket, key, name, claim.entry.version)
        ServingClaims(ledger).release(claim)
