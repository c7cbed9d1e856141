"""Decides by libjpeg's warnings whether a JPEG that was decoded is damaged.

libjpeg decodes what it can, and warns. libvips' option `fail_on` cannot decide it: it takes
harmless warnings for damage, and at reduced scales it looks at the warnings before it reads the
next strip, so that it never sees those of the last one. But when its loader closes, libvips logs
how many warnings there were, and the text of the first:
https://github.com/libvips/libvips/blob/v8.18.0/libvips/foreign/jpeg2vips.c
"""

import re
from collections.abc import Sequence

from shared.imaging.formats.jpeg_repair import END
from shared.imaging.formats.jpeg_scans import is_complete
from shared.model.errors import Corrupt, Truncated

COUNT = re.compile(r"read gave (\d+) warnings")
STRAY_BYTES = re.compile(r"(\d+) extraneous bytes before marker")
# Writers leave a few bytes at the end of a scan, at most a sector of them. A damaged
# scan leaves more, or gives further warnings.
MAX_STRAY_BYTES = 512
STAGE = "render"


def refuse_damaged(data: bytes, warnings: Sequence[str]) -> None:
    """Raise `Corrupt` or `Truncated` if a JPEG has lost pixels, or precision.

    `warnings` are those of a whole decode, whose loader is closed, of the source `data`, whose
    header was repaired before. One warning about a few stray bytes is harmless.
    """
    if not is_complete(data):
        raise Truncated("Expected scans for every coefficient, got fewer.", stage=STAGE)
    counts = [int(match[1]) for each in warnings if (match := COUNT.search(each))]
    if not counts:
        return
    texts = [each.removeprefix("VipsJpeg: ") for each in warnings if not COUNT.search(each)]
    first = texts[0] if texts else "libjpeg gave a warning"
    stray = STRAY_BYTES.search(first)
    if max(counts) == 1 and stray and int(stray[1]) <= MAX_STRAY_BYTES:
        return
    kind = Corrupt if END in data[-len(END) :] else Truncated
    raise kind(f"{first} ({max(counts)} warnings of the decoder).", stage=STAGE)
