"""What a distribution without a renderer serves of one source, rendered in this process."""

from shared.imaging.render import Encoded, Finished, render
from shared.imaging.vips import harden
from shared.model.limits import Limits
from shared.model.manifest import Manifest, StoredVariant, read_manifest, write_manifest
from shared.model.recipe_reader import read_recipes
from shared.model.source import Source
from tests.support.recipes import shipped

Published = tuple[Manifest, dict[str, bytes]]


def published(key: str, data: bytes) -> Published:
    """Return the manifest, and by URL the bytes of it and of the variants: shipped recipes."""
    harden()
    recipe = read_recipes(shipped()).all_eager().matching(key)
    assert recipe
    *rendered, finished = render(data, recipe, Limits())
    assert isinstance(finished, Finished)
    made = {
        (name, each.slot): each
        for each in rendered
        if isinstance(each, Encoded)
        for name in each.variants
    }
    stored = [
        StoredVariant(name, slot, each.codec, each.width, each.height, len(each.data))
        for (name, slot), each in made.items()
    ]
    source = Source(key, etag="0" * 32, size_bytes=len(data))
    written = write_manifest(source, recipe, finished.facts, stored, finished.placeholder)
    manifest = read_manifest(written)
    files = {each.url: made[each.name, each.slot].data for each in manifest.variants}
    path = manifest.variants[0].url.partition("?")[0]
    return manifest, {**files, f"{path}?format=manifest": written}
