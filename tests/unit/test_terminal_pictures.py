"""Pictures in a terminal by kitty's and iTerm2's protocols."""

from base64 import b64decode

import pytest

from scripts.pixfleet.terminal.pictures import (
    CHUNK_CHARS,
    PNG_SIGNATURE,
    Protocol,
    escape_sequences,
    protocol_of,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("size", [0, 3064, 3065, 10_000])
def test_kitty_is_sent_a_png_in_chunks(size: int) -> None:
    png = PNG_SIGNATURE + b"\x1b\\" * (size // 2)

    sent = escape_sequences(Protocol.KITTY, png)

    bodies = [each.removeprefix("\x1b_G").removesuffix("\x1b\\") for each in sent]

    controls, chunks = zip(*(each.split(";") for each in bodies), strict=True)
    assert b64decode("".join(chunks)) == png
    assert max(map(len, chunks)) <= CHUNK_CHARS
    assert controls[0].startswith("f=100,a=T,q=2,")
    assert [each[-3:] for each in controls] == ["m=1"] * (len(controls) - 1) + ["m=0"]


def test_kitty_is_sent_nothing_that_it_cannot_decode() -> None:
    assert not list(escape_sequences(Protocol.KITTY, b"\xff\xd8\xff\x1b\\"))


def test_iterm_is_sent_any_file_without_its_control_characters() -> None:
    (sent,) = escape_sequences(Protocol.INLINE, b"\xff\xd8\xff\x07\x1b\\")

    assert sent == "\x1b]1337;File=inline=1;size=6:/9j/Bxtc\x07"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Protocol.INLINE),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "ghostty", "TMUX": "any"}, None),
        ({}, None),
    ],
)
def test_only_terminals_with_the_protocol_are_sent_pictures(
    environment: dict[str, str], expected: Protocol | None
) -> None:
    assert protocol_of(environment) is expected
