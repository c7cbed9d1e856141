"""A process that scores files against references, and knows nothing else.

It decodes files that a render child made of a stranger's image, so it has no credentials:
`scripts.pixfleet.plan.similarity` starts it with an empty environment. Each line of input is a
JSON pair of paths. For each it prints a line: the score, or null.
"""

import json
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

# The metric's weights belong to six scales, and a scale under 8 pixels is left out, which shifts
# the weights: smaller pictures are continued by their mirror image.
LEAST_SIDE = 256
GREY = (128, 128, 128, 255)


def main() -> None:
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        reference, file = json.loads(line)
        print(json.dumps(score(Path(reference), Path(file))), flush=True)


def score(reference: Path, file: Path) -> float | None:
    """Return how near a file comes to a reference of its size; none if that cannot be said."""
    try:
        sides = [_usable(path) for path in (reference, file)]
        return float(compute_ssimulacra2(*sides))
    except (OSError, ValueError, SyntaxError):
        return None


def _usable(path: Path) -> BytesIO:
    """Return the picture upon grey, not smaller than the metric needs, without loss."""
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    ground = Image.new("RGBA", picture.size, GREY)
    pixels = np.asarray(Image.alpha_composite(ground, picture).convert("RGB"))
    missing = [max(0, LEAST_SIDE - side) for side in pixels.shape[:2]]
    padded = np.pad(pixels, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="symmetric")
    file = BytesIO()
    Image.fromarray(padded).save(file, "BMP")
    return file


if __name__ == "__main__":
    main()
