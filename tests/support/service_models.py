"""One cache of botocore's service models for the whole test process.

Each botocore session reads and parses the models of its clients again: 40 to 100 ms for each
service. Tests create hundreds of sessions. Sharing the parsed models is safe: the clients of one
session already share them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.loaders import Loader, create_loader

DATA_OF_BOTO3 = str(Path(boto3.__file__).parent / "data")


class SharedLoader(Loader):
    """A loader whose search path sessions cannot extend."""

    @property
    def search_paths(self) -> list[str]:
        """Return a copy: each boto3 session appends its own folder, which the list already has."""
        return list(super().search_paths)


@contextmanager
def service_models_read_once() -> Iterator[None]:
    """Give every botocore session the same loader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", _shared_loader)
        yield


@cache
def _shared_loader(search_path: str | None) -> Loader:
    extra = create_loader(search_path).search_paths if search_path else []
    return SharedLoader(extra_search_paths=[*extra, DATA_OF_BOTO3])
