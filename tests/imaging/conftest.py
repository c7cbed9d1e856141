"""Render children that end with their test."""

from collections.abc import Iterator

import pytest

from shared.imaging.child_handle import RenderChild
from shared.imaging.render_pool import RenderPool
from shared.imaging.vips import harden
from shared.model.limits import Limits


@pytest.fixture(autouse=True, scope="session")
def _hardened() -> None:
    """Prepare libvips as a child does: its cache would keep loaders open."""
    harden()


@pytest.fixture(name="child")
def _child() -> Iterator[RenderChild]:
    child = RenderChild(Limits().memory_bytes)
    yield child
    child.stop()


@pytest.fixture(name="render_pool")
def _render_pool() -> Iterator[RenderPool]:
    render_pool = RenderPool(1, Limits())
    yield render_pool
    render_pool.close()
