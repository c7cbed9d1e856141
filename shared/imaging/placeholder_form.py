"""The form of a placeholder: what a render child makes, and what its parent accepts.

This module must never import libvips: the parent uses it.
"""

import re
from base64 import b64decode

from shared.imaging.intake.sniff import sniff
from shared.model.codec import Codec
from shared.model.manifest import Placeholder

MAX_URI_BYTES = 400
PREFIX = "data:image/webp;base64,"
COLOUR = re.compile("#[0-9a-f]{6}")


def is_placeholder(placeholder: Placeholder) -> bool:
    """Return whether the URI is a small WebP in base64, and the colour of the form `#rrggbb`."""
    uri = placeholder.data_uri
    if len(uri) > MAX_URI_BYTES or not uri.startswith(PREFIX):
        return False
    try:
        data = b64decode(uri.removeprefix(PREFIX), validate=True)
    except ValueError:
        return False
    return sniff(data) == Codec.WEBP and COLOUR.fullmatch(placeholder.colour) is not None
