"""Makes the demo's second page: each file of docs/clients shows pictures of the run.

No distribution is behind the page. Its scripts write the addresses that a distribution has, and
the pictures come from the demo's own files.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scripts.pixfleet.page.card import Card
from scripts.pixfleet.page.environment import fill_template

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
TEMPLATES = Path(__file__).with_name("templates")
# The address that the files are shipped with.
ADDRESS = "https://img.example.com"
MODULES = ("pixfleet", "next-loader", "unpic")
MOST_SHOWN = 3
RUNG = re.compile(r"w[0-9]+")


def clients_page(cards: Sequence[Card], manifest: Callable[[str], bytes]) -> str | None:
    """Return the page, or None if no picture has a ladder; `manifest` reads one by its key."""
    chosen = _chosen([card for card in cards if any(map(RUNG.fullmatch, card.by_name))])
    if not chosen:
        return None
    return fill_template(
        "clients.html",
        TEMPLATES,
        address=ADDRESS,
        modules={"imports": {name: _module(name) for name in MODULES}},
        element=(CLIENTS / "pixfleet-image.js").read_text(encoding="utf-8"),
        pictures=[_picture(card, manifest(card.row.source.key)) for card in chosen],
    )


def _chosen(cards: Sequence[Card]) -> Sequence[Card]:
    """Return a few pictures, of which one is transparent if any is."""
    ladders = [card for card in cards if not card.is_tall] or list(cards)
    transparent = [card for card in ladders if card.row.source.has_alpha][:1]
    opaque = [card for card in ladders if card not in transparent]
    return [*opaque[: MOST_SHOWN - len(transparent)], *transparent]


def _picture(card: Card, manifest: bytes) -> Mapping[str, object]:
    """Return what the page's scripts need: the manifest, and each file's place by its name."""
    return {
        "key": card.row.source.key,
        "manifest": json.loads(manifest),
        "files": {f"{name}.{slot}": link for (name, slot), link in card.links.items()},
    }


def _module(name: str) -> str:
    """Return a module as a URL: a page that is opened from a file may import no other files."""
    source = (CLIENTS / f"{name}.js").read_text(encoding="utf-8")
    whole = source.replace('"./pixfleet.js"', '"pixfleet"').encode()
    return f"data:text/javascript;base64,{b64encode(whole).decode()}"
