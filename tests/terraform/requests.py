"""Random recipes and requests, most of them invalid, from a test's random generator."""

import re
from collections.abc import Mapping
from random import Random
from urllib.parse import urlsplit

from shared.model.keys import public_url
from shared.model.recipe import Match, Recipe, RecipeSet, Slot, Variant, ascii_lower
from tests.support.awkward import KEYS
from tests.terraform.edge_model import EdgeRequest

CHARACTERS = "ab/k\u0130\u03a3\u212a\xdf\xe9e\u0301 +%&=?#.~!'()*\\\"\x7f\n\U0001f408"
# Engines and languages disagree about the lower case of \u0130 and of a final \u03a3.
SUFFIXES = [
    *["", ".jpg", ".JPG", ".\xe9", ".\xc9", "k", "K", "\u212a", "\xdf", "\u03c3", "\u03a3"],
    *["i", "I", "\u0130", "a\u03a3", "\U0001f408"],
]
PIECES = [
    "%",
    "%2",
    "%zz",
    "%C3",
    "%A9",
    "%ED%A0%80",
    "%00",
    "%2F",
    "%2e",
    "\xe9",
    "a",
    "/",
    ".",
    "+",
]
NAMES = ["thumb", "full", "constructor", "a", "b-2", "valueof"]
RANGES = [
    *["image/avif", "image/webp", "IMAGE/WebP", "image/jpeg", "image/png", "image/gif"],
    *["image/*", "*/*", "text/html", "x", "", "__proto__", "constructor", "\u0130mage/webp"],
]
WEIGHTS = [
    *["", "", ";q=0", ";q=0.000", "; q=0.5", ";Q=0.8", " ;\tq=1.0", ";q=0.9"],
    *[";q=2", ";q=", ";v=1;q=0.3", ";q=.5", ";q=1.0001", ";q=0.5;q=0", "q=0", ";;"],
]
VALUES = {
    "w": [
        "auto",
        "auto",
        "auto",
        "1",
        "99",
        "100",
        "320",
        "640",
        "641",
        "99999",
        "",
        "0",
        "640px",
        "1e3",
        "\u0663",
        "0640",
    ],
    "dpr": ["1", "2", "1.5", "0", "0.01", "1.100000023841858", "99", "1.", "-1", "", "2x", "100"],
    "variant": [*NAMES, "w640", "w100", "W640", "__proto__", "x" * 33],
    "format": [*Slot, *Slot, "manifest", "jpeg", "AVIF", ""],
    "v": ["0123456789ab", "0123456789AB", "0123456789abc", "x"],
    "utm_source": ["a", ""],
}
# The last is a legacy name, which is not read.
HINTS = {
    "sec-ch-width": [
        "0",
        "1",
        "640",
        "640.5",
        "0640",
        "99999",
        "100000",
        "640, 640",
        "",
        "\u0663",
    ],
    "sec-ch-viewport-width": ["0", "320", "1280", "-1", "1e3", "x", "640\n"],
    "sec-ch-dpr": [
        "0",
        "0.0",
        "1",
        "2",
        "3",
        "1.100000023841858",
        "99",
        "100",
        ".5",
        "2x",
        "1, 2",
    ],
    "save-data": ["on", "on", "on", "off", "ON", "on, on", "?1", ""],
    "width": ["320"],
}


def any_recipe_set(dice: Random) -> RecipeSet:
    """Return one to three recipes, whose prefixes and suffixes may overlap."""
    return RecipeSet(tuple(_recipe(dice, number) for number in range(dice.randint(1, 3))))


def _recipe(dice: Random, number: int) -> Recipe:
    widths = dice.sample([10, 100, 320, 640, 641, 2000], dice.randint(0, 4))
    rungs = [Variant(f"w{width}", _slots(dice), width=width) for width in widths]
    others = [Variant(name, _slots(dice)) for name in dice.sample(NAMES, dice.randint(0, 2))]
    variants = [*rungs, *others] or [Variant("only", _slots(dice))]
    dice.shuffle(variants)
    suffixes = map(ascii_lower, dice.sample(SUFFIXES[1:], dice.choice([0, 0, 2])))
    prefix = dice.choice(["", "", "a", "a/", "\xe9"])
    return Recipe(f"r{number}", tuple(variants), Match(prefix, tuple(suffixes)))


def _slots(dice: Random) -> tuple[Slot, ...]:
    chosen = dice.sample(list(Slot), dice.randint(1, 3))
    return tuple(slot for slot in Slot if slot in chosen)


def any_request(dice: Random) -> EdgeRequest:
    """Return a request; its path is that of a key, as in a manifest, or malformed."""
    asked = dice.sample(list(VALUES), dice.randint(0, 3))
    query = {
        name: [_value(dice, name) for _ in range(1 + (dice.random() < 0.05))] for name in asked
    }
    return EdgeRequest(_path(dice), query, _accept(dice), _hints(dice))


def _hints(dice: Random) -> Mapping[str, str]:
    sent = dice.sample(list(HINTS), dice.choice([0, 1, 2, len(HINTS)]))
    return {name: _hint(dice, name) for name in sent}


def _hint(dice: Random, name: str) -> str:
    if name != "save-data" and dice.random() < 0.7:
        is_ratio = name == "sec-ch-dpr"
        return (
            f"{dice.uniform(0, 5):.{dice.randint(0, 17)}f}"
            if is_ratio
            else str(dice.randint(1, 3000))
        )
    value: str = dice.choice(HINTS[name])
    return value


def _value(dice: Random, name: str) -> str:
    if name == "w" and dice.random() < 0.5:
        return str(dice.randint(1, 3000))
    if name == "dpr" and dice.random() < 0.5:
        return f"{dice.uniform(0, 5):.{dice.randint(1, 17)}f}"
    value: str = dice.choice(VALUES[name])
    return value


def _path(dice: Random) -> str:
    if dice.random() < 0.2:
        return "/" + "".join(dice.choices(PIECES, k=dice.randint(0, 5)))
    made_up = "".join(dice.choices(CHARACTERS, k=dice.randint(1, 6))) * dice.choice([1, 1, 1, 170])
    known = dice.choice(list(KEYS.values()))
    key = dice.choice([made_up, made_up, known]) + dice.choice(SUFFIXES)
    url = public_url(key, variant="x", slot=Slot.AVIF, version="")
    # Browsers and people send some characters unencoded.
    return re.sub("%(21|27|28|29|2A|2B)", lambda hit: chr(int(hit[1], 16)), urlsplit(url).path)


def _accept(dice: Random) -> str:
    count = dice.choice([0, 1, 3, 5, 40])
    ranges = [dice.choice(RANGES) + dice.choice(WEIGHTS) for _ in range(count)]
    return dice.choice([",", ", "]).join(ranges)
