"""Shows a manifest's placeholder by inline CSS."""

import re

from shared.model.manifest import Placeholder

# Escaping does not make CSS safe: values in any other form are not written to style attributes.
DATA_URI = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def placeholder_style(placeholder: Placeholder | None) -> str:
    """Return inline CSS that shows a placeholder; empty if it is not well-formed."""
    if placeholder is None or not COLOUR.fullmatch(placeholder.colour):
        return ""
    colour = f"background-color:{placeholder.colour}"
    if not DATA_URI.fullmatch(placeholder.data_uri):
        return colour
    return f"{colour};background-image:url({placeholder.data_uri})"
