"""Makes what a page needs so that the browser's client hints choose the width of a picture.

https://wicg.github.io/responsive-image-client-hints/. The edge function reads these hints of
requests for `w=auto`.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from scripts.pixfleet.page.environment import fill_template
from scripts.pixfleet.page.snippet import ladder
from shared.model.manifest import Manifest

HINTS = ("Sec-CH-Width", "Sec-CH-Viewport-Width", "Sec-CH-DPR")


def page_headers(base: str) -> Mapping[str, str]:
    """Return the headers of a page that asks for the hints, and sends them to the distribution.

    `base` is the distribution's URL; if it is empty, pictures are on the page's own host, to which
    browsers send the hints anyway.
    """
    accept = {"Accept-CH": ", ".join(HINTS)}
    if not base:
        return accept
    address = urlsplit(base)
    origin = f"{address.scheme}://{address.netloc}"
    features = (name.lower().removeprefix("sec-") for name in HINTS)
    policy = ", ".join(f'{feature}=(self "{origin}")' for feature in features)
    return {**accept, "Permissions-Policy": policy}


def auto_image(manifest: Manifest, url: str, sizes: str) -> str:
    """Return an `<img>` with a URL of `w=auto`; browsers send Sec-CH-Width only with `sizes`."""
    widest = ladder(manifest)[-1]
    return fill_template("auto.html", src=url, sizes=sizes, widest=widest).strip()
