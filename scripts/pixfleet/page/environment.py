"""Makes HTML from Jinja2 templates.

Keys, causes and details come from users: Jinja2 escapes every value. Characters that cannot be
seen become escape sequences, so that no value can begin a line or change the text's direction.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.pixfleet.page.rows import codec_name, is_another_codec, slot_title, variant_codec
from scripts.pixfleet.terminal.text import counted, human_bytes, percent, pixels, printable

TEMPLATES = Path(__file__).with_name("templates")
FILTERS = (codec_name, counted, human_bytes, percent, pixels, slot_title, variant_codec)


def fill_template(name: str, *folders: Path, **values: object) -> str:
    """Return the HTML of a template, which is in `TEMPLATES` or in one of `folders`."""
    return environment_of(*folders).get_template(name).render(values)


def environment_of(*folders: Path) -> Environment:
    """Return the environment of the templates in `TEMPLATES` and in `folders`."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, *folders]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({each.__name__: each for each in FILTERS})
    environment.tests["another_codec"] = is_another_codec
    return environment


def _visible(value: object) -> object:
    # Markup is HTML that a template has made, which has newlines.
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
