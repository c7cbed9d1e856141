"""Words that a shell completes after TAB.

A completion never fails and never says anything: there is no place for a message in the middle of
a command line.
"""

import os
from collections.abc import Iterable, Iterator

from scripts.pixfleet.options.contexts import NAME, contexts_file, read_contexts
from shared.model.errors import Cause, Misconfigured

# Causes that no worker attaches, see scripts/pixfleet/stack/dead_letters.py.
CAUSES = (*(cause.value for cause in Cause), "undelivered", "-")


def context_names(incomplete: str) -> list[str]:
    """Return the names of contexts that begin with the incomplete word."""
    try:
        contexts = read_contexts(contexts_file(os.environ))
    except Misconfigured:
        return []
    return list(plain(contexts.named, incomplete))


def cause_names(incomplete: str) -> list[str]:
    """Return the causes that begin with the incomplete word."""
    return list(plain(CAUSES, incomplete))


def plain(words: Iterable[str], incomplete: str) -> Iterator[str]:
    """Yield the words that begin with `incomplete` and that no shell reads as anything else."""
    for word in words:
        if word.startswith(incomplete) and (word == "-" or NAME.fullmatch(word)):
            yield word
