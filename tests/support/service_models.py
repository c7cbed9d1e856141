"""One cache of AWS's service models for the whole test process.

A botocore session reads and parses the models of its clients anew: 40 to 100 ms for each service.
Tests create hundreds of sessions. The clients of one session share the parsed models already, so
clients of several sessions may.
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
    """A loader to whose search path no session adds anything."""

    @property
    def search_paths(self) -> list[str]:
        """Return a copy: every session of boto3 appends its own folder, which is there already."""
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
