"""The calls and the log line of a first request, against what its price assumes."""

import os
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest

from scripts.pixfleet.pricing import first_requests
from shared.telemetry.logging import configure_logging
from tests.bench.busy import ENVIRONMENT
from tests.bench.cost_model import LAMBDA_LOG_BYTES
from tests.bench.first_request import FirstRequest, first_request
from tests.support.images import jpeg

pytestmark = pytest.mark.functional


@pytest.fixture(name="request_of_webp")
def _request_of_webp(tmp_path: Path) -> Iterator[FirstRequest]:
    with patch.dict(os.environ, ENVIRONMENT):
        request = first_request(jpeg((2000, 1200)), tmp_path)
        try:
            request.answer()  # with the line of a render child that is new
            yield request
        finally:
            request.context.render_pool.close()


def test_a_first_request_is_priced_with_the_calls_that_it_makes(
    request_of_webp: FirstRequest,
) -> None:
    calls = request_of_webp.aws.calls
    calls.clear()

    request_of_webp.answer()

    of_publishing = {"UpdateItem": 2, "GetItem": 1}
    assert calls["GetItem"] - of_publishing["GetItem"] == first_requests.READS
    assert calls["UpdateItem"] - of_publishing["UpdateItem"] == first_requests.WRITES
    assert calls["GetObject"] == first_requests.GETS - 1  # the other one is CloudFront's
    assert calls["PutObject"] == 1
    assert sum(calls.values()) == 12


def test_a_first_request_is_priced_with_its_log_line(request_of_webp: FirstRequest) -> None:
    with redirect_stderr(StringIO()) as said:
        configure_logging("json", fleet="bench")
        request_of_webp.answer()

    ours = first_requests.LOG_BYTES - LAMBDA_LOG_BYTES
    assert len(said.getvalue().encode()) == pytest.approx(ours, rel=0.1)
