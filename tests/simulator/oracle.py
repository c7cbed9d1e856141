"""What must be true once the queue is empty: everything stored matches the current sources."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.cloud.entries import entry_of
from shared.cloud.items import from_item
from shared.cloud.stored_objects import FINGERPRINT, SOURCE_ETAG, VERSION
from shared.events.body import read_hints
from shared.model import cache_control
from shared.model.dead_letter import NAMES
from shared.model.entry import SERVING
from shared.model.errors import Cause
from shared.model.keys import manifest_key, stored_key
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Overrides, Source
from shared.model.versions import ENGINE_VERSION
from tests.simulator.buckets import Version
from tests.simulator.pictures import File, files_of, rendered
from tests.simulator.queues import Message
from tests.simulator.services import DEAD, SOURCES, TABLE, VARIANTS, Services
from tests.simulator.source_history import source_of
from tests.simulator.user import CAUSES, LAZY_TAGS, METADATA

# A failure may have no stage, a message no key, a runner no request id.
OPTIONAL = frozenset({"key", "stage", "request_id", "redrive_id"})


@dataclass(frozen=True, slots=True)
class Made:
    """What is made of a source: the right file of each name.

    `eager` are the names of the objects that are stored at upload, `equal` those of copies, each
    with the name that it is a copy of. The manifest has the `listed` names.
    """

    files: Mapping[str, File]
    eager: frozenset[str]
    equal: Mapping[str, str]
    listed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key should show: a recipe's variants of a source, a cause, or nothing at all."""

    source: Source | None = None
    body: bytes = b""
    recipe: Recipe | None = None
    cause: Cause | None = None
    is_ignored: bool = False
    on_demand: bool = False

    @property
    def made(self) -> Made:
        """Return what is made of the source at upload and at the first request."""
        assert self.recipe
        return made_of(self.body, self.recipe, on_demand=self.on_demand)


def made_of(body: bytes, recipe: Recipe, *, on_demand: bool) -> Made:
    """Return what is made of a source by a recipe, with a renderer or without one.

    With one, the rungs of equal files are not stored but the first eager one.
    """
    files, eager, equal = rendered(body, recipe), set[str](), dict[str, str]()
    if not on_demand:
        return Made(files, frozenset(files), {}, frozenset(files))
    early = {f"{variant}.{slot}" for variant, slot in recipe.eager_names()}
    listed = set()
    for file in files_of(body, recipe):
        first = next((name for name in file.names if name in early), file.names[0])
        listed.add(file.names[0] if file.is_lazy else first)
        original = file.copy_of if file.is_lazy else first
        if not file.is_lazy:
            eager.add(first)
        if original:
            original = equal.get(original, original)
            equal |= {name: original for name in file.names if name != original}
    return Made(files, frozenset(eager), equal, frozenset(listed))


def wanted(
    services: Services, recipe_set: RecipeSet, key: str, *, on_demand: bool = False
) -> Wanted:
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
    return Wanted(source, found.body, recipe, cause, on_demand=on_demand)


def disagreements(
    services: Services, recipe_set: RecipeSet, key: str, *, on_demand: bool = False
) -> Iterator[str]:
    """Yield each difference between a key's stored state and the wanted one."""
    want = wanted(services, recipe_set, key, on_demand=on_demand)
    folder = manifest_key(key).removesuffix("manifest.json")
    objects = services.buckets.objects(VARIANTS)
    stored = {name: each for name, each in objects.items() if name.startswith(folder)}
    item = from_item(services.tables.items(TABLE).get(key, {}))
    is_serving = item.get("claim_kind") == SERVING
    for left in ("claim_token", "may_store", "purge_due"):
        # A renderer that does not know whether its write took effect leaves its claim.
        if left in item and not (left == "claim_token" and is_serving):
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
    return {stored_key(key, name): file.data for name, file in rendered(want.body, recipe).items()}


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
    want: Wanted, stored: Mapping[str, Version], item: Mapping[str, Any]
) -> Iterator[str]:
    source, recipe = want.source, want.recipe
    assert source
    assert recipe
    key, made = source.key, want.made
    right = {
        "status": "published",
        "etag": source.etag,
        "identity": source.identity,
        "recipe": recipe.name,
        "fingerprint": recipe.fingerprint,
        "engine": ENGINE_VERSION,
        "version": version_token(source, recipe),
        "variants": sorted(made.eager),
    }
    for name, value in right.items():
        yield from _mismatch(item.get(name), value, f"{key}: the ledger's {name}")
    entry = entry_of(item)
    yield from _mismatch(dict(entry.equal), made.equal, f"{key}: the ledger's equal names")
    lazy = entry.lazy & made.files.keys() - made.eager
    yield from _mismatch(sorted(entry.lazy), sorted(lazy), f"{key}: the ledger's lazy names")
    needed = {stored_key(key, name) for name in made.eager} | {manifest_key(key)}
    possible = needed | {stored_key(key, name) for name in lazy}
    yield from _mismatch(sorted(needed - stored.keys()), [], f"{key}: what is missing")
    yield from _mismatch(sorted(stored.keys() - possible), [], f"{key}: what nobody knows of")
    for name, file in made.files.items():
        if found := stored.get(stored_key(key, name)):
            yield from _wrong_object(found, file, source, recipe, is_lazy=name not in made.eager)
    if document := stored.get(manifest_key(key)):
        yield from _wrong_manifest(json.loads(document.body), want)


def _wrong_object(
    found: Version, file: File, source: Source, recipe: Recipe, *, is_lazy: bool
) -> Iterator[str]:
    what = f"{source.key}, {file.names}"
    yield from _mismatch(found.body, file.data, what)
    metadata = {
        SOURCE_ETAG: source.etag,
        FINGERPRINT: recipe.fingerprint,
        VERSION: version_token(source, recipe),
    }
    yield from _mismatch(found.headers["Metadata"], metadata, f"{what}: metadata")
    yield from _mismatch(found.headers["ContentType"], file.codec.content_type, what)
    yield from _mismatch(found.headers.get("CacheControl"), cache_control.VARIANT, what)
    yield from _mismatch(found.tags, LAZY_TAGS if is_lazy else {}, f"{what}: tags")


def _wrong_manifest(document: Mapping[str, Any], want: Wanted) -> Iterator[str]:
    source, recipe = want.source, want.recipe
    assert source
    assert recipe
    shown = (
        document["version"],
        document["recipe"],
        document["source"]["etag"],
        {(f"{each['name']}.{each['slot']}", each["bytes"]) for each in document["variants"]},
    )
    right = (
        version_token(source, recipe),
        recipe.name,
        source.etag,
        {
            (name, len(want.made.files[name].data) if name in want.made.eager else None)
            for name in want.made.listed
        },
    )
    yield from _mismatch(shown, right, f"{source.key}: manifest")


def _mismatch(got: object, expected: object, what: str) -> Iterator[str]:
    if got != expected:
        yield f"{what}: expected {expected!r}, got {got!r}"
