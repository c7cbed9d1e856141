"""What the edge serves for a request: the same rules as the delivery module's `edge_request.js`.

One table of cases runs through both (`tests/support/edge_cases.json`), and random requests too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from urllib.parse import quote, unquote

from shared.model.errors import PixfleetError, UnsupportedKey
from shared.model.keys import MANIFEST_NAME, refuse_unsupported, stored_key
from shared.model.recipe import Recipe, RecipeSet, Slot, Variant

MANIFEST_FORMAT = "manifest"
RUNG = re.compile(r"w[0-9]+")
AUTO = "auto"
# The width of `w=auto` for clients that send no hints, in device pixels.
AUTO_WIDTH = 960
PIXELS = re.compile(r"[1-9][0-9]{0,4}")
# Browsers report 1.100000023841858 when a page is zoomed.
RATIO = re.compile(r"[0-9]{1,2}(\.[0-9]{1,20})?")
PARAMETERS = {
    "w": (
        re.compile(rf"{AUTO}|{PIXELS.pattern}"),
        "w to be a whole number from 1 to 99999, or auto",
    ),
    "dpr": (RATIO, "dpr to be a number such as 2 or 1.5"),
    "variant": (re.compile(r"[a-z][a-z0-9-]{0,31}"), "variant to be a name from a recipe"),
    "format": (
        re.compile(r"avif|webp|fallback|manifest"),
        "format to be avif, webp, fallback or manifest",
    ),
    "v": (re.compile(r"[0-9a-f]{12}"), "v to be 12 hex digits"),
}
QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
FALLBACK_TYPES = ("image/jpeg", "image/png", "image/gif")
# Below any q that can be written: every client can read the fallback.
UNSPOKEN = 0.0005
# Browsers send about ten in 150 characters; more is an attempt to waste the edge's time.
MAX_RANGES = 32
MAX_ACCEPT_CHARACTERS = 1024


class NotServed(PixfleetError):
    """A request that the edge answers itself; `status` is 400, or 404 for a key of no recipe."""

    def __init__(self, status: int, expected: str) -> None:
        self.status = status
        super().__init__(f"Expected {expected}.")


@dataclass(frozen=True, slots=True)
class EdgeRequest:
    """A request as CloudFront hands it on: path and query values percent-encoded, as sent.

    `hints` are the request headers that `w=auto` reads, by name in lower case.
    """

    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accept: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readable:
    """The slots that a client accepts, best first, and the others, the safest first."""

    taken: tuple[Slot, ...]
    others: tuple[Slot, ...]

    @property
    def order(self) -> tuple[Slot, ...]:
        """Return the slots in the order in which they are tried."""
        return self.taken + self.others


def stored_path(recipe_set: RecipeSet, request: EdgeRequest) -> str:
    """Return the percent-encoded path of the stored object; raises `NotServed` without one."""
    asked = _asked(request.query)
    key = _source_key(request.path)
    name = _object_name(recipe_set, key, asked, request)
    try:
        stored = stored_key(key, name)
    except UnsupportedKey as refused:
        raise NotServed(400, "a key whose variants fit into 1024 bytes") from refused
    return "/" + quote(stored, safe="/")


def readable(accept: str) -> Readable:
    """Return which slots an Accept header accepts.

    A wildcard promises neither AVIF nor WebP: browsers that support neither send it. The avif slot
    may hold a WebP, so a client that excludes WebP does not get it.
    """
    quality = _qualities(accept)
    avif, webp = quality.get("image/avif", 0.0), quality.get("image/webp")
    fallback = max((quality[kind] for kind in FALLBACK_TYPES if kind in quality), default=None)
    if fallback is None:
        fallback = quality.get("image/*", quality.get("*/*", UNSPOKEN))
    weights = {
        Slot.AVIF: 0.0 if webp == 0 else avif,
        Slot.WEBP: avif if webp is None else webp,
        Slot.FALLBACK: fallback,
    }
    taken = sorted((slot for slot in Slot if weights[slot] > 0), key=lambda slot: -weights[slot])
    return Readable(tuple(taken), tuple(slot for slot in reversed(Slot) if slot not in taken))


def _qualities(accept: str) -> Mapping[str, float]:
    """Return q by media range: the first of repeated ranges, without ranges of invalid q.

    Media types are ASCII, and no browser sends anything else.
    """
    quality: dict[str, float] = {}
    read = accept[:MAX_ACCEPT_CHARACTERS]
    if not read.isascii():
        return {}
    for entry in read.lower().split(",")[:MAX_RANGES]:
        kind, *parameters = re.sub(r"[ \t]", "", entry).split(";")
        said = [value[2:] for value in parameters if value.startswith("q=")] or ["1"]
        if QUALITY.fullmatch(said[0]):
            quality.setdefault(kind, float(said[0]))
    return quality


def _asked(query: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Return our parameters, each at most once and well formed; others are ignored."""
    asked = {}
    for name, (form, expected) in PARAMETERS.items():
        values = query.get(name, ())
        if len(values) > 1 or any(not form.fullmatch(value) for value in values):
            raise NotServed(400, expected)
        if values:
            asked[name] = values[0]
    return asked


def _source_key(path: str) -> str:
    """Return the source key in a path, decoded once."""
    expected = "a path of percent-encoded UTF-8"
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise NotServed(400, expected)
    try:
        key = unquote(path[1:], errors="strict")
        key.encode()
    except UnicodeError as refused:
        raise NotServed(400, expected) from refused
    if not key:
        raise NotServed(400, "a source's key in the path")
    try:
        refuse_unsupported(key)
    except UnsupportedKey as refused:
        raise NotServed(400, "a key that a source can have") from refused
    return key


def _object_name(
    recipe_set: RecipeSet, key: str, asked: Mapping[str, str], request: EdgeRequest
) -> str:
    """Return the last part of the stored key: `<variant>.<slot>`, or the manifest's name."""
    if asked.get("format") == MANIFEST_FORMAT:
        return MANIFEST_NAME
    slot = Slot(asked["format"]) if "format" in asked else None
    recipe = recipe_set.matching(key)
    if "variant" in asked:
        variants = _named(recipe_set, recipe, asked["variant"], slot)
    elif recipe is None:
        raise NotServed(404, "a key that a recipe takes")
    else:
        variants = [one for one in _ladder(recipe) if slot is None or slot in one.slots]
    if not variants:
        raise NotServed(400, "a variant and a format that a recipe stores together")
    # A format in the URL takes precedence over Accept.
    takes = Readable((slot,), ()) if slot else readable(request.accept)
    is_saving = asked.get("w") == AUTO and request.hints.get("save-data") == "on"
    width = _wanted_width(asked, request.hints)
    chosen = _fitting(variants, width, takes, fewer=int(is_saving))
    return f"{chosen.name}.{next(one for one in takes.order if one in chosen.slots)}"


def _wanted_width(asked: Mapping[str, str], hints: Mapping[str, str]) -> int | None:
    """Return the width in device pixels, rounded; None if the request names no width."""
    if "w" not in asked:
        return None
    if asked["w"] == AUTO:
        return _hinted_width(asked.get("dpr"), hints)
    return _device_pixels(asked["w"], asked.get("dpr", "1"))


def _hinted_width(dpr: str | None, hints: Mapping[str, str]) -> int:
    """Return the width in device pixels that client hints ask for; malformed ones are ignored.

    Sec-CH-Width is in device pixels, Sec-CH-Viewport-Width is not:
    https://wicg.github.io/responsive-image-client-hints/
    """
    if width := _hint(hints, "sec-ch-width", PIXELS):
        return int(width)
    if viewport := _hint(hints, "sec-ch-viewport-width", PIXELS):
        return _device_pixels(viewport, dpr or _hint(hints, "sec-ch-dpr", RATIO) or "1")
    return AUTO_WIDTH


def _hint(hints: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    """Return a hint that is a number above 0 of this form, else an empty string."""
    said = hints.get(name, "")
    return said if form.fullmatch(said) and float(said) > 0 else ""


def _device_pixels(width: str, dpr: str) -> int:
    return floor(int(width) * float(dpr) + 0.5)


def _named(
    recipe_set: RecipeSet, matching: Recipe | None, name: str, slot: Slot | None
) -> Sequence[Variant]:
    """Return the variant with this name, from the key's recipe or else from another one.

    The edge cannot know that a source's metadata chose its recipe; a manifest's URLs say the name.
    """
    recipes = (*((matching,) if matching else ()), *recipe_set.recipes)
    variants = (one for recipe in recipes for one in recipe.variants if one.name == name)
    return [one for one in variants if slot is None or slot in one.slots][:1]


def _ladder(recipe: Recipe) -> Sequence[Variant]:
    """Return a recipe's rungs by width; without rungs, all its variants in their order."""
    rungs = [one for one in recipe.variants if RUNG.fullmatch(one.name)]
    return sorted(rungs, key=lambda rung: rung.width or 0) or recipe.variants


def _fitting(
    variants: Sequence[Variant], width: int | None, reader: Readable, *, fewer: int
) -> Variant:
    """Return the first rung of at least this width that the client accepts, else the widest.

    `fewer` is how many rungs less the client gets. Without rungs, always the first variant.
    """
    if not RUNG.fullmatch(variants[0].name):
        return variants[0]
    usable = [rung for rung in variants if {*rung.slots} & {*reader.taken}] or variants
    narrower = [rung for rung in usable if width is None or (rung.width or 0) < width]
    return usable[max(0, min(len(narrower), len(usable) - 1) - fewer)]
