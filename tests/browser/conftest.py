"""What several files of browser tests use."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from scripts.local.edge_client import EdgeClient
from scripts.local.instance import Instance
from scripts.local.ministack import running_ministack
from tests.e2e.hints_distribution import create_distribution
from tests.e2e.processes import free_port


@dataclass(frozen=True, slots=True)
class LocalEdge:
    """A local AWS with one distribution: the endpoint of its APIs, and the browser's address."""

    endpoint_url: str
    url: str


@pytest.fixture(name="local_edge", scope="session")
def _local_edge() -> Iterator[LocalEdge]:
    """Start a local AWS with a distribution of `tests.e2e.hints_distribution`."""
    with running_ministack(free_port()) as endpoint_url:
        create_distribution(endpoint_url)
        url = EdgeClient(Instance(urlsplit(endpoint_url).port or 0)).url()
        yield LocalEdge(endpoint_url, url)
