"""The paths by which CloudFront invalidates what it has cached for a source.

CloudFront compares paths as they are spelt: non-ASCII characters and those that RFC 1738 calls
unsafe must be percent-encoded, and no others, or nothing is invalidated. One path that it does not
accept refuses a whole request. A wildcard is possible at the end only.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html

Some characters have two spellings: browsers leave `(` as it is, and the edge function encodes it.
CloudFront refuses `~`, and `%7E` matches nothing (https://github.com/aws/aws-sdk/issues/525); `*`
is a wildcard, and `%2A` matches nothing either. A path therefore ends with a wildcard before the
first of them. That also evicts keys with the same beginning, which costs one more request to S3.
"""

from itertools import takewhile
from string import ascii_lowercase, ascii_uppercase, digits
from urllib.parse import quote

from shared.model.keys import public_path, shard, stored_folder

# The path of everything that a distribution has cached.
EVERYTHING = "/*"
# CloudFront may compare either path of a key, so both are sent and counted.
PATHS_PER_KEY = 2
# AWS's limit on a path in characters.
MAX_PATH = 4000
# Characters that every client and CloudFront spell the same way, unencoded.
PLAIN = frozenset(f"{ascii_lowercase}{ascii_uppercase}{digits}-_./")
# RFC 1738, section 2.2, without `~`.
UNSAFE = frozenset(' "#%<>[]\\^`{|}')
# A shorter beginning would evict too much: `/a*` also has sixteen of the 256 shards.
SHORTEST_BEGINNING = 4


def paths_of(source_key: str) -> tuple[str, str]:
    """Return the path behind the edge function, and that of viewers, each with a wildcard.

    AWS recommends to invalidate both where a function changes the path, without saying which one
    counts.
    """
    folder = _certain(stored_folder(source_key))
    return f"/{folder}*", _path_of_viewers(source_key)


def plain_paths_of(source_key: str) -> tuple[str, ...]:
    """Return paths without any encoded character, for a key whose other paths were refused."""
    beginning = _beginning(source_key, PLAIN)
    behind_the_edge = f"/{shard(source_key)}/{beginning}*"
    if len(beginning) < SHORTEST_BEGINNING:
        return (behind_the_edge,)
    return behind_the_edge, f"/{beginning}*"


def _path_of_viewers(source_key: str) -> str:
    """Return the path that begins every URL of a source."""
    certain = _certain(source_key)
    if source_key.startswith("/") or len(certain) < min(SHORTEST_BEGINNING, len(source_key)):
        # As in the manifest's URLs, but for the tilde, which CloudFront refuses.
        return f"{public_path(source_key).replace('~', '%7E')}*"
    return f"/{certain}*"


def _certain(text: str) -> str:
    """Return the longest beginning of a path whose spelling is certain, percent-encoded."""
    beyond_ascii = frozenset(char for char in text if not (char.isascii() and char.isprintable()))
    return quote(_beginning(text, PLAIN | UNSAFE | beyond_ascii), safe="/")


def _beginning(text: str, wanted: frozenset[str]) -> str:
    """Return the longest beginning that has only these characters."""
    return "".join(takewhile(wanted.__contains__, text))
