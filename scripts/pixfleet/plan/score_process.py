"""A process that scores image files against references by SSIMULACRA2.

It decodes files that a render child made of an untrusted image, so it has no credentials and the
locks of a render child: `scripts.pixfleet.plan.similarity` starts it with an empty environment.
Each line of its standard input is a JSON pair of files in base64. For each pair it prints one
line: the score, or null.
"""

import json
import sys
from base64 import b64decode
from io import BytesIO

import numpy as np
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from shared.imaging.sandbox.locks import lock_in

# The metric has weights for six scales and leaves out scales under 8 pixels, which shifts the
# weights. Smaller pictures are therefore padded with their mirror image.
MIN_SIDE = 256
GREY = (128, 128, 128, 255)


def main() -> None:
    """Print a score for each line of standard input, until it is closed."""
    _import_lazy_modules()
    lock_in()
    for line in sys.stdin:
        reference, file = map(b64decode, json.loads(line))
        print(json.dumps(score(reference, file)), flush=True)  # noqa: T201 - to a pipe


def _import_lazy_modules() -> None:
    """Score a picture, because nothing can be imported once the locks are taken."""
    Image.init()
    file = BytesIO()
    Image.new("RGBA", (MIN_SIDE, MIN_SIDE)).save(file, "PNG")
    score(file.getvalue(), file.getvalue())


def score(reference: bytes, file: bytes) -> float | None:
    """Return the score of a file against a reference of the same size.

    None if either cannot be decoded or the sizes differ.
    """
    try:
        sides = [_prepared(each) for each in (reference, file)]
        return float(compute_ssimulacra2(*sides))
    except (OSError, ValueError, SyntaxError):
        return None


def _prepared(data: bytes) -> BytesIO:
    """Return the picture on grey, padded to the metric's minimum size, as a BMP file."""
    with Image.open(BytesIO(data)) as opened:
        picture = opened.convert("RGBA")
    background = Image.new("RGBA", picture.size, GREY)
    pixels = np.asarray(Image.alpha_composite(background, picture).convert("RGB"))
    missing = [max(0, MIN_SIDE - side) for side in pixels.shape[:2]]
    padded = np.pad(pixels, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="symmetric")
    file = BytesIO()
    Image.fromarray(padded).save(file, "BMP")
    return file


if __name__ == "__main__":
    main()
