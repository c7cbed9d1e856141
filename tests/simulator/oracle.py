"""What must be true once the queue is empty: everything stored matches the current sources."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.cloud.items import from_item
from shared.cloud.objects import FINGERPRINT, SOURCE_ETAG, VERSION
from shared.events.body import read_hints
from shared.model.dead_letter import NAMES
from shared.model.errors import Cause
from shared.model.keys import manifest_key, stored_key, variant_key
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Overrides, Source
from shared.model.versions import ENGINE_VERSION
from tests.simulator.buckets import Version
from tests.simulator.queues import Message
from tests.simulator.render_pool import CODECS, rendered
from tests.simulator.services import DEAD, SOURCES, TABLE, VARIANTS, Services
from tests.simulator.source_history import source_of
from tests.simulator.user import CAUSES, METADATA

# A failure may have no stage, a message no key, a runner no request id.
OPTIONAL = frozenset({"key", "stage", "request_id", "redrive_id"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key should show: a recipe's variants of a source, a cause, or nothing at all."""

    source: Source | None = None
    body: bytes = b""
    recipe: Recipe | None = None
    cause: Cause | None = None
    is_ignored: bool = False


def wanted(services: Services, recipe_set: RecipeSet, key: str) -> Wanted:
    """Return what the current source should have by the deployed recipes."""
    found = services.buckets.objects(SOURCES).get(key)
    if found is None:
        return Wanted()
    metadata = found.headers["Metadata"]
    overrides = Overrides.from_metadata(metadata)
    recipe = recipe_set.named(overrides.recipe) if overrides.recipe else recipe_set.matching(key)
    source = source_of(key, found)
    if recipe_set.matching(key) is None:
        return Wanted(is_ignored=True)
    cause = next((why for said, why in METADATA if why and said == metadata), None)
    cause = cause or CAUSES.get(found.body.partition(b" ")[0])
    return Wanted(source, found.body, recipe, cause)


def disagreements(services: Services, recipe_set: RecipeSet, key: str) -> Iterator[str]:
    """Yield each difference between a key's stored state and the wanted one."""
    want = wanted(services, recipe_set, key)
    folder = manifest_key(key).removesuffix("manifest.json")
    objects = services.buckets.objects(VARIANTS)
    stored = {name: each for name, each in objects.items() if name.startswith(folder)}
    item = from_item(services.tables.items(TABLE).get(key, {}))
    for left in ("claim_token", "may_store"):
        if left in item:
            yield f"{key}: the ledger still holds {left}"
    if want.is_ignored and item.get("status") == "rejected":
        pass  # by a recipe that matched it earlier
    elif want.source is None:
        yield from _mismatch(item.get("status", "removed"), "removed", f"{key}: status")
    elif want.cause:
        yield from _mismatch(item.get("status"), "rejected", f"{key}: status")
        yield from _mismatch(item.get("cause"), want.cause.value, f"{key}: cause")
    else:
        yield from _unpublished(want, stored, item)
        return
    yield from _mismatch(sorted(stored), [], f"{key}: what is stored")


def right_pictures(services: Services, recipe_set: RecipeSet, key: str) -> dict[str, bytes]:
    """Return the bytes of each variant that viewers should see, by its stored key."""
    want = wanted(services, recipe_set, key)
    recipe = want.recipe
    if want.source is None or want.cause or recipe is None:
        return {}
    return {
        variant_key(key, variant, slot): rendered(want.body, recipe.fingerprint, variant, slot)
        for variant, slot in recipe.stored_names()
    }


def unknown_objects(services: Services, keys: tuple[str, ...]) -> Iterator[str]:
    """Yield stored objects that belong to none of the keys."""
    folders = tuple(manifest_key(key).removesuffix("manifest.json") for key in keys)
    for name in services.buckets.objects(VARIANTS):
        if not name.startswith(folders):
            yield f"{name} is stored for no source"


def unannounced(services: Services, key: str) -> Iterator[str]:
    """Yield the current state of a key if no event about it was published."""
    item = from_item(services.tables.items(TABLE).get(key, {}))
    published = [json.loads(each.message) for each in services.topics.published]
    of_key = [each for each in published if each["key"] == key]
    known = {each.get("version") for each in of_key}
    if item.get("status") == "published" and item.get("version") not in known:
        yield f"{key}: nobody was told of version {item.get('version')}"
    if item.get("status") == "rejected" and "rejected" not in {each["event"] for each in of_key}:
        yield f"{key}: nobody was told that it was rejected"


def dead_letter_keys(services: Services) -> set[str]:
    """Return the keys that dead letters name."""
    dead_letters = services.queues.messages(DEAD)
    return {hint.key for dead_letter in dead_letters for hint in read_hints(dead_letter.body)}


def unexplained(
    dead_letter: Message, expected_causes: Mapping[str, set[Cause]], *, calm: bool
) -> str:
    """Return what is wrong with a dead letter, if anything is.

    In a schedule without faults only images can have failed.
    """
    said = {name: value["StringValue"] for name, value in dead_letter.attributes.items()}
    if "cause" not in said:
        return f"dead letter {dead_letter.id} has no cause, and nobody died" if calm else ""
    if missing := set(NAMES) - OPTIONAL - set(said):
        return f"dead letter {dead_letter.id} lacks {sorted(missing)}"
    keys = {hint.key for hint in read_hints(dead_letter.body)}
    causes = {cause for key in keys for cause in expected_causes.get(key, ())}
    cause = Cause(said["cause"])
    if cause in causes or (cause in PASSING and not calm):
        return ""
    return f"dead letter {dead_letter.id} over {sorted(keys)} says {cause}: {said['detail']}"


PASSING = frozenset(
    {
        Cause.ACCESS_DENIED,
        Cause.CLAIMED,
        Cause.DEADLINE,
        Cause.LEDGER_UNAVAILABLE,
        Cause.SOURCE_CHANGED,
        Cause.SOURCE_SLOW,
        Cause.STORAGE_UNAVAILABLE,
        Cause.THROTTLED,
    }
)


def _unpublished(
    want: Wanted, stored: Mapping[str, Version], item: Mapping[str, object]
) -> Iterator[str]:
    source, recipe = want.source, want.recipe
    assert source
    assert recipe
    key = source.key
    names = sorted(f"{variant}.{slot}" for variant, slot in recipe.stored_names())
    right = {
        "status": "published",
        "etag": source.etag,
        "identity": source.identity,
        "recipe": recipe.name,
        "fingerprint": recipe.fingerprint,
        "engine": ENGINE_VERSION,
        "version": version_token(source, recipe),
        "variants": names,
    }
    for name, value in right.items():
        yield from _mismatch(item.get(name), value, f"{key}: the ledger's {name}")
    objects = {stored_key(key, name) for name in names} | {manifest_key(key)}
    yield from _mismatch(sorted(stored), sorted(objects), f"{key}: what is stored")
    for variant, slot in recipe.stored_names():
        name = stored_key(key, f"{variant}.{slot}")
        if found := stored.get(name):
            body = rendered(want.body, recipe.fingerprint, variant, slot)
            yield from _mismatch(found.body, body, name)
            metadata = {
                SOURCE_ETAG: source.etag,
                FINGERPRINT: recipe.fingerprint,
                VERSION: version_token(source, recipe),
            }
            yield from _mismatch(found.headers["Metadata"], metadata, f"{name}: metadata")
            yield from _mismatch(found.headers["ContentType"], CODECS[slot].content_type, name)
    if found := stored.get(manifest_key(key)):
        yield from _wrong_manifest(json.loads(found.body), source, recipe)


def _wrong_manifest(document: Mapping[str, Any], source: Source, recipe: Recipe) -> Iterator[str]:
    shown = (
        document["version"],
        document["recipe"],
        document["source"]["etag"],
        {(each["name"], each["slot"]) for each in document["variants"]},
    )
    right = (
        version_token(source, recipe),
        recipe.name,
        source.etag,
        {(variant, slot.value) for variant, slot in recipe.stored_names()},
    )
    yield from _mismatch(shown, right, f"{source.key}: manifest")


def _mismatch(got: object, expected: object, what: str) -> Iterator[str]:
    if got != expected:
        yield f"{what}: expected {expected!r}, got {got!r}"
