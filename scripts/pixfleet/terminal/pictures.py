"""Shows a picture in a terminal by kitty's graphics protocol or by iTerm2's inline images.

The terminal decodes the file. Sixel would need its pixels, and this process decodes nothing that
comes from a stranger. Base64 has no characters that a terminal would read as commands.

- https://sw.kovidgoyal.net/kitty/graphics-protocol/ : PNG only
- https://iterm2.com/documentation-images.html : any format; https://wezterm.org/imgcat.html too
"""

from base64 import standard_b64encode
from collections.abc import Iterator, Mapping
from enum import Enum

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The protocol's limit of one escape sequence of kitty.
CHUNK_CHARS = 4096
# They pass no such sequences on, but keep the variables of the terminal that they run in.
MULTIPLEXERS = ("TMUX", "STY")


class Protocol(Enum):
    """How a terminal is sent a picture."""

    KITTY = "kitty"
    INLINE = "inline"  # of iTerm2


TERMINALS: Mapping[str, Protocol] = {
    "xterm-kitty": Protocol.KITTY,
    "xterm-ghostty": Protocol.KITTY,
    "iTerm.app": Protocol.INLINE,  # codespell:ignore iterm
    "WezTerm": Protocol.INLINE,
}


def protocol_of(environment: Mapping[str, str]) -> Protocol | None:
    """Return the protocol of the terminal that set these variables, None without one."""
    if any(environment.get(each) for each in MULTIPLEXERS):
        return None
    names = (environment.get("TERM", ""), environment.get("TERM_PROGRAM", ""))
    return next((TERMINALS[each] for each in names if each in TERMINALS), None)


def escape_sequences(protocol: Protocol, data: bytes) -> Iterator[str]:
    """Yield what shows a file at the cursor; nothing if the terminal cannot decode it."""
    text = standard_b64encode(data).decode("ascii")
    if protocol is Protocol.INLINE:
        yield f"\x1b]1337;File=inline=1;size={len(data)}:{text}\x07"
    elif data.startswith(PNG_SIGNATURE):
        yield from _kitty(text)


def _kitty(text: str) -> Iterator[str]:
    for at in range(0, len(text), CHUNK_CHARS):
        # f=100: PNG; a=T: transmit and show; q=2: no answer, which would be read as input.
        first = "f=100,a=T,q=2," if at == 0 else ""
        more = int(at + CHUNK_CHARS < len(text))
        yield f"\x1b_G{first}m={more};{text[at : at + CHUNK_CHARS]}\x1b\\"
