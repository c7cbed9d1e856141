"""Compares the outcomes of a run with what the demo expects; each problem is one sentence."""

from collections.abc import Iterator, Sequence

from scripts.demo.watch import Outcomes
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.terminal.text import counted
from shared.model.errors import Cause
from shared.model.recipe import RecipeSet

# The corrupt image has a complete header and incomplete pixels.
CAUSES_OF_THE_CORRUPT_IMAGE = frozenset({Cause.TRUNCATED, Cause.NOT_AN_IMAGE})


def find_problems(
    outcomes: Outcomes,
    rows: Sequence[ImageRow],
    dead_letters: Sequence[DeadLetterRow],
    *,
    corrupt_key: str,
    recipe_set: RecipeSet,
) -> tuple[str, ...]:
    """Return a sentence for each thing that is not as expected."""
    return (
        *_variant_problems(rows, recipe_set),
        *_dead_letter_problems(outcomes, dead_letters, corrupt_key),
        *_queue_problems(outcomes),
    )


def _variant_problems(rows: Sequence[ImageRow], recipe_set: RecipeSet) -> Iterator[str]:
    for row in rows:
        recipe = recipe_set.matching(row.source.key)
        wanted = {f"{name}.{slot}" for name, slot in recipe.stored_names()} if recipe else set()
        made = {variant.label for variant in row.variants}
        if wanted != made:
            differing = ", ".join(sorted(wanted ^ made))
            yield f"{row.source.key}: recipe and manifest differ in {differing}."


def _dead_letter_problems(
    outcomes: Outcomes, dead_letters: Sequence[DeadLetterRow], corrupt_key: str
) -> Iterator[str]:
    for each in dead_letters:
        name = each.key or "A message that names no image"
        if not each.cause:
            yield f"{name} is in the dead-letter queue without a cause."
        if each.key in outcomes.published:
            yield f"{name} is published and in the dead-letter queue."
    cause = next((each.cause for each in dead_letters if each.key == corrupt_key), None)
    if cause not in CAUSES_OF_THE_CORRUPT_IMAGE:
        expected = " or ".join(sorted(CAUSES_OF_THE_CORRUPT_IMAGE))
        yield f"Expected {expected} for {corrupt_key}, got {cause or 'no dead letter'}."


def _queue_problems(outcomes: Outcomes) -> Iterator[str]:
    if outcomes.queues["live"]:
        yield f"Left on the live queue: {counted(outcomes.queues['live'], 'message')}."
    if outcomes.queues["dead_letter"] != len(outcomes.dead):
        yield (
            f"The dead-letter queue holds {counted(outcomes.queues['dead_letter'], 'message')}, "
            f"of which {len(outcomes.dead)} could be read."
        )
