"""Checks an error's code and HTTP status."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, status: int) -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """Expect a call to be refused with this code and HTTP status."""
    with pytest.raises(ClientError) as caught:
        yield caught
    answer = caught.value.response
    said = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
    assert said == (code, status)
