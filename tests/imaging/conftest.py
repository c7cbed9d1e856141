"""Render children that end with their test."""

from collections.abc import Iterator

import pytest

from shared.imaging.render_pool import RenderChild, Studio
from shared.model.limits import Limits


@pytest.fixture(name="child")
def _child() -> Iterator[RenderChild]:
    child = RenderChild(Limits().memory_bytes)
    yield child
    child.stop()


@pytest.fixture(name="studio")
def _studio() -> Iterator[Studio]:
    studio = Studio(1, Limits())
    yield studio
    studio.close()
