"""Which keys the API accepts: those that mean the same to S3, CloudFront, browsers and people.

A key is checked after decoding, in each form that another program could make of it:
percent-decoded once more, and with compatibility characters replaced (a full-width dot by a dot).
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from shared.model.errors import UnsupportedKey
from shared.model.keys import MAX_KEY_BYTES, refuse_unsupported
from worker.api.problems import BadKey, Forbidden

# S3 replaces this by the file's name, anywhere in the key of a form.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
FILENAME_VARIABLE = "${filename}"
# Control characters, surrogates, and separators of lines and paragraphs.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What decoders write for bytes that are not UTF-8, so that different requests would name one key.
REPLACEMENT = "\ufffd"
# UTF-8 that is longer than necessary. Decoders that accept it read `%c0%ae` as a dot.
# https://www.rfc-editor.org/rfc/rfc3629.html#section-10
OVERLONG = re.compile(r"%(c[01]|e0%[89][0-9a-f]|f0%8[0-9a-f])", re.IGNORECASE)
# Folders of our own and of S3 tools; recipes never match them.
RESERVED = "_"


def accepted_key(key: str, prefix: str) -> str:
    """Return the key of a source below the prefix, unchanged; `BadKey` or `Forbidden` if not."""
    _refuse_unsafe(key)
    if not key or key.endswith("/"):
        raise BadKey("Choose a key that ends with a file name.")
    if FILENAME_VARIABLE in key:
        raise BadKey(f"Choose a key without {FILENAME_VARIABLE}: S3 would replace it.")
    refuse_unsupported(key)
    if not key.startswith(prefix):
        raise Forbidden(f"Use a key that begins with {prefix}, which is all that you may use.")
    return key


def accepted_key_of_path(key: str, prefix: str) -> str:
    """Return the key that a path names; `BadKey` if it may have been decoded too often or not.

    Gateways, servers and frameworks differ in how often they decode a path, so a percent sign
    in it may be one of the key or not.
    """
    if "%" in key:
        raise BadKey("Use /v1/image?key= for a key with a percent sign.")
    return accepted_key(key, prefix)


def accepted_prefix(wanted: str, prefix: str) -> str:
    """Return the prefix of a list, which is at least the caller's own."""
    _refuse_unsafe(wanted)
    if len(wanted.encode()) > MAX_KEY_BYTES:
        raise BadKey(f"Choose a shorter prefix: S3 accepts {MAX_KEY_BYTES} bytes.")
    if not wanted:
        return prefix
    if not wanted.startswith(prefix):
        raise Forbidden(f"Use a prefix that begins with {prefix}, which is all that you may list.")
    return wanted


def is_accepted(key: str) -> bool:
    """Return whether a key could have been uploaded here; others are not listed."""
    try:
        accepted_key(key, "")
    except (BadKey, UnsupportedKey):
        return False
    return True


def _refuse_unsafe(key: str) -> None:
    if len(key) > MAX_KEY_BYTES:
        raise BadKey(f"Choose a shorter key: S3 accepts {MAX_KEY_BYTES} bytes.")
    if any(unicodedata.category(char) in REFUSED_CATEGORIES for char in key):
        raise BadKey("Choose a key without control characters and line separators.")
    if REPLACEMENT in key:
        raise BadKey("Send the key in UTF-8, and without the replacement character U+FFFD.")
    for form in _forms(key):
        _refuse_form(form)


def _refuse_form(form: str) -> None:
    *folders, name = form.replace("\\", "/").split("/")
    if {".", ".."} & {*folders, name}:
        raise BadKey("Choose a key without '.' and '..' segments, however they are encoded.")
    if any(folder.startswith(RESERVED) for folder in folders):
        raise BadKey(f"Choose a key without a folder that begins with '{RESERVED}'.")
    if any(unicodedata.category(char) in REFUSED_CATEGORIES for char in form):
        raise BadKey("Choose a key without encoded control characters.")
    if OVERLONG.search(form):
        raise BadKey("Choose a key without overlong UTF-8, which some programs decode.")


def _forms(key: str) -> Iterator[str]:
    """Yield the key and what it becomes if it is decoded and normalised again and again."""
    form = key
    while True:
        yield form
        following = unquote(unicodedata.normalize("NFKC", form))
        if following == form:
            return
        form = following
