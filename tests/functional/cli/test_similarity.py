"""The process that compares pictures is locked, and scores every format of a variant."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from scripts.pixfleet.plan.similarity import SimilarityScorer
from tests.support import images

pytestmark = pytest.mark.functional

PICTURE = Image.linear_gradient("L").convert("RGB")
REFERENCE = images.saved(PICTURE, "PNG")


@pytest.fixture(name="scorer", scope="module")
def _scorer() -> Iterator[SimilarityScorer]:
    with closing(SimilarityScorer()) as scorer:
        yield scorer


def test_a_process_that_compares_pictures_is_locked(scorer: SimilarityScorer) -> None:
    """It decodes what a render child has sent, which an image may have taken over."""
    scorer.score(REFERENCE, REFERENCE)

    status = Path(f"/proc/{scorer.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


@pytest.mark.parametrize("format_name", ["AVIF", "GIF", "JPEG", "PNG", "WEBP"])
def test_a_locked_process_scores_every_format(scorer: SimilarityScorer, format_name: str) -> None:
    first = scorer.pid

    score = scorer.score(REFERENCE, images.saved(PICTURE, format_name))

    assert score is not None
    assert 50 < score <= 100
    assert scorer.pid == first


@pytest.mark.parametrize("file", [b"junk", REFERENCE[:200]], ids=["junk", "half a file"])
def test_a_file_that_cannot_be_decoded_has_no_score(scorer: SimilarityScorer, file: bytes) -> None:
    assert scorer.score(REFERENCE, file) is None
