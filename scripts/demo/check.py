"""Compares the end of a run with what was promised, and says every difference in a sentence."""

from collections.abc import Iterator, Sequence

from scripts.demo.watch import Ends
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.terminal.text import counted
from shared.model.errors import Cause
from shared.model.recipe import RecipeSet

# What the corrupt file may be called: its header is whole, its pixels end too early.
CAUSES_OF_THE_CORRUPT = frozenset({Cause.TRUNCATED, Cause.NOT_AN_IMAGE})


def find_problems(
    ends: Ends,
    rows: Sequence[ImageRow],
    letters: Sequence[DeadLetterRow],
    *,
    corrupt_key: str,
    recipe_set: RecipeSet,
) -> tuple[str, ...]:
    """Return what is wrong with a run; nothing if it kept every promise."""
    return (
        *_missing_variants(rows, recipe_set),
        *_dead_letters(ends, letters, corrupt_key),
        *_queues(ends),
    )


def _missing_variants(rows: Sequence[ImageRow], recipe_set: RecipeSet) -> Iterator[str]:
    for row in rows:
        recipe = recipe_set.matching(row.source.key)
        wanted = {f"{name}.{slot}" for name, slot in recipe.stored_names()} if recipe else set()
        made = {variant.label for variant in row.variants}
        if wanted != made:
            differing = ", ".join(sorted(wanted ^ made))
            yield f"{row.source.key}: recipe and manifest differ in {differing}."


def _dead_letters(ends: Ends, letters: Sequence[DeadLetterRow], corrupt_key: str) -> Iterator[str]:
    for letter in letters:
        name = letter.key or "A message that names no image"
        if not letter.cause:
            yield f"{name} is in the dead-letter queue without a cause."
        if letter.key in ends.published:
            yield f"{name} is published and in the dead-letter queue."
    cause = next((letter.cause for letter in letters if letter.key == corrupt_key), None)
    if cause not in CAUSES_OF_THE_CORRUPT:
        expected = " or ".join(sorted(CAUSES_OF_THE_CORRUPT))
        yield f"Expected {expected} for {corrupt_key}, got {cause or 'no dead letter'}."


def _queues(ends: Ends) -> Iterator[str]:
    if ends.queues["live"]:
        yield f"Left on the live queue: {counted(ends.queues['live'], 'message')}."
    if ends.queues["dead_letter"] != len(ends.dead):
        yield (
            f"The dead-letter queue holds {counted(ends.queues['dead_letter'], 'message')}, "
            f"of which {len(ends.dead)} could be read."
        )
