"""Lets libheif do without x265, the encoder that pillow-heif's wheels bring.

The worker only decodes. x265 is the greater part of that wheel, and under the GPL, which would
then hold for the whole package; libheif and its decoder, libde265, are under the LGPL. libheif
calls two of x265's functions, both to encode: so it is enough that it neither asks for the library
any more nor insists on those two. pillow-heif's own wheel without x265, pi-heif, is no longer
made: https://github.com/bigcat88/pillow_heif/pull/431
"""

from fnmatch import fnmatchcase

from scripts.package.contents import Files
from scripts.package.elf import with_weak_symbols, without_need

LIBHEIF = "pillow_heif.libs/libheif-*"
ENCODER, ITS_FUNCTIONS = "libx265", "x265_"
NOTICE = "pillow_heif.libs/NOTICE"
# Their licence asks for it, GPL 3 section 5a.
CHANGED = b"""libheif was changed by Pixfleet, scripts/package/heif.py of 21 November 2026, when
this package was built: it loads without libx265, an encoder, which is not in this
package. That is all.
"""


def without_encoder(files: Files) -> Files:
    """Return the files with a libheif that loads without x265, if there is a libheif."""
    changed = {
        name: with_weak_symbols(without_need(data, ENCODER), ITS_FUNCTIONS)
        for name, data in files.items()
        if fnmatchcase(name, LIBHEIF)
    }
    return {**files, **changed, NOTICE: CHANGED} if changed else files
