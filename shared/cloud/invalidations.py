"""CloudFront: evicts what a distribution has cached."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.cloud.calls import Calls
from shared.model.errors import PixfleetError, Unknown

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

STAGE = "purge"
# CloudFront says so of all paths of a request if it does not accept one of them.
BAD_PATHS = "InvalidArgument"


class PathsRefused(PixfleetError):
    """CloudFront does not accept at least one path; nothing was invalidated."""


class Invalidations:
    """The invalidations of one distribution."""

    def __init__(self, cloudfront: "CloudFrontClient", calls: Calls, distribution_id: str) -> None:
        self._cloudfront = cloudfront
        self._calls = calls
        self._distribution_id = distribution_id

    def create(self, paths: Sequence[str], reference: str) -> str:
        """Begin to evict these paths, percent-encoded; return the invalidation's id.

        The same paths with the same reference are invalidated once, however often that is called.
        Raises `PathsRefused`, and `Throttled` if too many invalidations are in progress.
        https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_InvalidationBatch.html
        """
        try:
            answer = self._calls.attempt(
                lambda: self._cloudfront.create_invalidation(
                    DistributionId=self._distribution_id,
                    InvalidationBatch={
                        "Paths": {"Quantity": len(paths), "Items": list(paths)},
                        "CallerReference": reference,
                    },
                ),
                stage=STAGE,
            )
        except Unknown as refused:
            if _code(refused) == BAD_PATHS:
                raise PathsRefused(str(refused)) from refused
            raise
        return answer["Invalidation"]["Id"]


def _code(refused: Unknown) -> str:
    cause = refused.__cause__
    answer = cause.response if isinstance(cause, ClientError) else {}
    return answer.get("Error", {}).get("Code", "")
