"""Files of others that are in the repository are those that their authors published."""

from hashlib import sha256
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
# From the npm package htmx.org 2.0.11, dist/htmx.min.js, under the licence 0BSD.
VENDORED = {
    "scripts/pixfleet/console/static/htmx.min.js": (
        "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
    ),
}


@pytest.mark.parametrize("path", VENDORED)
def test_a_vendored_file_is_unchanged(path: str) -> None:
    assert sha256((ROOT / path).read_bytes()).hexdigest() == VENDORED[path]
