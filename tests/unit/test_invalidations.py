"""CreateInvalidation: its request, and what becomes of its refusals."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from shared.cloud.invalidations import Invalidations, PathsRefused
from shared.model.errors import PixfleetError, StorageUnavailable, Throttled, Unknown
from tests.support.fakes import ONE_ATTEMPT, client_error

pytestmark = pytest.mark.unit


class _CloudFront:
    def __init__(self, trouble: Exception | None = None) -> None:
        self._trouble = trouble
        self.requests: list[Mapping[str, Any]] = []

    def create_invalidation(self, **request: object) -> Mapping[str, Any]:
        self.requests.append(request)
        if self._trouble:
            raise self._trouble
        return {"Invalidation": {"Id": "I1"}}


def _invalidations(cloudfront: _CloudFront) -> Invalidations:
    return Invalidations(cast("Any", cloudfront), ONE_ATTEMPT, "E1")


def test_a_request_has_all_paths_and_the_reference() -> None:
    cloudfront = _CloudFront()

    assert _invalidations(cloudfront).create(["/a/*", "/b*"], "once") == "I1"

    assert cloudfront.requests == [
        {
            "DistributionId": "E1",
            "InvalidationBatch": {
                "Paths": {"Quantity": 2, "Items": ["/a/*", "/b*"]},
                "CallerReference": "once",
            },
        }
    ]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InvalidArgument", 400, PathsRefused),
        ("TooManyInvalidationsInProgress", 400, Throttled),
        ("Throttling", 400, Throttled),
        ("NoSuchDistribution", 404, StorageUnavailable),
        ("MissingBody", 400, Unknown),
    ],
)
def test_a_refusal_has_a_class(code: str, status: int, kind: type[PixfleetError]) -> None:
    cloudfront = _CloudFront(client_error(code, status))

    with pytest.raises(PixfleetError) as refused:
        _invalidations(cloudfront).create(["/a/*"], "once")

    assert type(refused.value) is kind
