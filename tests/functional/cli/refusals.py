"""Operations that AWS refuses, which moto cannot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError


@contextmanager
def refused(monkeypatch: pytest.MonkeyPatch, code: str, *operations: str) -> Iterator[None]:
    """Refuse these operations while the block runs."""
    anything: Any = BaseClient  # botocore declares no private methods
    make = anything._make_api_call

    def call(client: object, operation: str, parameters: Mapping[str, object]) -> object:
        if operation in operations:
            raise ClientError({"Error": {"Code": code, "Message": "any"}}, operation)
        return make(client, operation, dict(parameters))

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield
