"""Decides whether a JPEG has lost pixels, before and after libjpeg has decoded it.

libjpeg decodes what it can, and warns of some damage only: in a sequential scan it synchronises
again, with more or fewer blocks, or in another brightness. So the scans are walked first. That
costs a few per cent of a render, and a damaged file is refused before it costs a decode.

Some files cannot be walked, and of those libjpeg's warnings decide. libvips' option `fail_on`
cannot: it takes harmless warnings for damage, and at reduced scales it looks at the warnings
before it reads the next strip, so that it never sees those of the last one. But when its loader
closes, libvips logs how many warnings there were, and the text of the first:
https://github.com/libvips/libvips/blob/v8.18.0/libvips/foreign/jpeg2vips.c
"""

import re
from collections.abc import Sequence

from shared.imaging.formats.jpeg_height import with_height
from shared.imaging.formats.jpeg_scans import is_complete
from shared.imaging.intake.ends import reaches_end
from shared.imaging.native.jpeg_walk import Finding, walk
from shared.model.errors import Corrupt, Truncated

COUNT = re.compile(r"read gave (\d+) warnings")
STRAY_BYTES = re.compile(r"(\d+) extraneous bytes before marker")
# Writers leave a few bytes at the end of a scan, at most a sector of them. A damaged
# scan leaves more, or gives further warnings.
MAX_STRAY_BYTES = 512
STAGE = "render"


def refuse_damaged_scans(data: bytes) -> bool:
    """Raise `Corrupt` or `Truncated` if the scans of a JPEG have lost pixels, or precision.

    Returns whether they were walked to their end. Those of some kinds of JPEG cannot be: with
    arithmetic coding, 12 bits, or without Huffman tables.
    """
    if not is_complete(data):
        raise Truncated("Expected scans for every coefficient, got fewer.", stage=STAGE)
    found = walk(with_height(data))
    if found.finding is Finding.NOT_WALKED:
        return False
    if found.finding is not Finding.INTACT:
        raise (Truncated if found.is_end_of_data else Corrupt)(found.detail, stage=STAGE)
    return True


def refuse_damaged(data: bytes, warnings: Sequence[str], *, are_scans_intact: bool) -> None:
    """Raise `Corrupt` or `Truncated` if libjpeg's warnings mean that a JPEG has lost pixels.

    `warnings` are those of a whole decode, whose loader is closed, of the source `data`, whose
    header was repaired before. A warning about a few stray bytes is harmless; several are if the
    scans were walked.
    """
    counts = [int(match[1]) for each in warnings if (match := COUNT.search(each))]
    if not counts:
        return
    texts = [each.removeprefix("VipsJpeg: ") for each in warnings if not COUNT.search(each)]
    if are_scans_intact and not texts:
        # A loader of an earlier picture was freed late, and the text of its warning is gone.
        return
    first = texts[0] if texts else "libjpeg gave a warning"
    stray = STRAY_BYTES.search(first)
    is_alone = are_scans_intact or max(counts) == 1
    if is_alone and stray and int(stray[1]) <= MAX_STRAY_BYTES:
        return
    kind = Corrupt if reaches_end("jpeg", data) else Truncated
    raise kind(f"{first} ({max(counts)} warnings of the decoder).", stage=STAGE)
