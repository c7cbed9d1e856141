"""Changes libheif so that it loads without x265, the encoder in pillow-heif's wheels.

The worker only decodes. x265 is most of that wheel and under the GPL, which would then apply to
the whole package; libheif and its decoder, libde265, are under the LGPL. libheif calls two
functions of x265, both to encode. So it is enough to remove x265 from the libraries that libheif
needs, and to make these two symbols weak. pi-heif, pillow-heif's wheel without x265, is no longer
published: https://github.com/bigcat88/pillow_heif/pull/431
"""

from fnmatch import fnmatchcase

from scripts.package.contents import Files
from scripts.package.elf import with_weak_symbols, without_need

LIBHEIF = "pillow_heif.libs/libheif-*"
ENCODER, ENCODER_FUNCTIONS = "libx265", "x265_"
NOTICE = "pillow_heif.libs/NOTICE"
# The LGPL requires this notice: GPL 3, section 5a.
CHANGED = b"""libheif was changed by Pixfleet, scripts/package/heif.py of 21 November 2026, when
this package was built: it loads without libx265, an encoder, which is not in this
package. That is all.
"""


def without_encoder(files: Files) -> Files:
    """Return the files with libheif, if there is one, changed to load without x265."""
    changed = {
        name: with_weak_symbols(without_need(data, ENCODER), ENCODER_FUNCTIONS)
        for name, data in files.items()
        if fnmatchcase(name, LIBHEIF)
    }
    return {**files, **changed, NOTICE: CHANGED} if changed else files
