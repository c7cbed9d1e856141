"""The paths by which CloudFront invalidates what it has cached for a source, and nothing else.

CloudFront compares paths as they are spelt: non-ASCII characters and those that RFC 1738 calls
unsafe must be percent-encoded. One path that it does not accept refuses a whole request. A
wildcard is possible at the end only. A path without a wildcard is that of a request without a
query.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html

Some characters have two spellings: browsers leave `(` as it is, and the edge function encodes it.
Both are sent. A path never ends before such a character: who may upload and delete a picture must
not be able to evict those of others whose keys begin like its own.

Two characters are the exception. CloudFront refuses `~`, and `%7E` matches nothing
(https://github.com/aws/aws-sdk/issues/525); `*` is a wildcard, and `%2A` matches nothing either.
The path of such a key ends before the first of them. It has the key's shard, so it also evicts one
in 256 of the keys that begin like it, which costs each a request to S3.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from shared.model.keys import public_path, shard, stored_folder

# The path of everything that a distribution has cached.
EVERYTHING = "/*"
# CloudFront may compare either path of a key, so both are sent and counted. Keys with characters
# of two spellings, or without the suffix of a picture, have up to six.
PATHS_PER_KEY = 2
# AWS's limit on a path in characters.
MAX_PATH = 4000
# A key may be the beginning of many others, such as `photos`, but hardly so with such a suffix.
PICTURE = re.compile(r"\.(avif|bmp|gif|heic|heif|jfif|jpe?g|png|tiff?|webp)\Z", re.IGNORECASE)
# Characters that every client and CloudFront spell the same way, unencoded.
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
# Characters that RFC 3986 lets a path have unencoded, and that the edge function encodes.
TWO_SPELLINGS = "!$&'()+,:;=@"
# Characters that no path can name.
NAMELESS = re.compile(r"[~*]")
# What is not encoded: by the edge function and in our URLs, and by browsers.
SPELLINGS = ("", TWO_SPELLINGS)


def paths_of(source_key: str) -> tuple[str, ...]:
    """Return the paths behind the edge function, and those of viewers.

    AWS recommends to invalidate both where a function changes the path, without saying which one
    counts.
    """
    if nameless := NAMELESS.search(source_key):
        beginning = f"{shard(source_key)}/{source_key[: nameless.start()]}"
        return _unique(f"/{_encoded(beginning, plain)}*" for plain in SPELLINGS)
    folder = (f"/{_encoded(stored_folder(source_key), plain)}*" for plain in SPELLINGS)
    return _unique((*folder, *_paths_of_viewers(source_key)))


def plain_paths_of(source_key: str) -> tuple[str, ...]:
    """Return the same paths if none of their characters can be spelt otherwise; else none.

    For a request of which CloudFront has refused some path.
    """
    return paths_of(source_key) if PLAIN.fullmatch(source_key) else ()


def _paths_of_viewers(source_key: str) -> Iterator[str]:
    """Yield what every URL of a source begins with, or is."""
    for plain in SPELLINGS:
        path = public_path(source_key, plain=plain)
        if PICTURE.search(source_key):
            yield f"{path}*"
        else:
            yield path
            yield f"{path}?*"


def _encoded(path: str, plain: str) -> str:
    return quote(path, safe=f"/{plain}")


def _unique(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))
