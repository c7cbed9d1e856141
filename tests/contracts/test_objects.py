"""The adapter of both buckets: the same on every engine."""

from dataclasses import replace

import pytest

from shared.cloud.errors import Missing
from shared.cloud.items import Value
from shared.cloud.objects import Objects, WatermarkFile
from shared.model.codec import Codec
from shared.model.errors import SourceChanged
from shared.model.keys import manifest_key, stored_key, variant_key
from shared.model.recipe import Slot
from shared.model.source import Overrides, Source
from tests.contracts.engines import Engine
from tests.support.fakes import AMPLE, unbounded_calls

KEY = "photos/a b+c%20é.jpg"
NAMES = ["w32.webp", "w64.webp"]
PUBLISHED: dict[str, Value] = {"identity": "etag", "fingerprint": "f00d", "variants": NAMES}


@pytest.fixture(name="sources")
def _sources(engine: Engine) -> str:
    return engine.bucket()


@pytest.fixture(name="objects")
def _objects(engine: Engine, sources: str) -> Objects:
    return Objects(
        engine.s3, unbounded_calls(), sources_bucket=sources, variants_bucket=engine.bucket()
    )


def seen(objects: Objects) -> Source:
    source = objects.head(KEY)
    assert source is not None
    return source


def test_a_source_is_fetched_as_head_saw_it(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels", Metadata={"focal": "0.5,0.5"})

    source = seen(objects)

    assert source.overrides == Overrides(recipe=None, focal="0.5,0.5")
    assert objects.fetch(source, AMPLE) == b"pixels"


def test_a_source_overwritten_after_head_has_changed(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"others")

    with pytest.raises(SourceChanged):
        objects.fetch(source, AMPLE)


def test_a_source_deleted_after_head_has_changed(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    engine.s3.delete_object(Bucket=sources, Key=KEY)

    with pytest.raises(SourceChanged):
        objects.fetch(source, AMPLE)
    assert objects.head(KEY) is None


def test_a_known_watermark_is_not_read_again(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"mark")

    watermark = objects.fetch_watermark(KEY, known=WatermarkFile())

    assert watermark.data == b"mark"
    assert objects.fetch_watermark(KEY, known=watermark) is watermark


def test_what_a_renderer_stores_has_its_tag_and_is_read_back(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    name = ("w32", Slot.WEBP)
    objects.put_at_request(seen(objects), "f00d", name, Codec.WEBP, b"small", is_lazy=True)

    found = objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5)

    assert found
    assert (found.data, found.content_type) == (b"small", "image/webp")
    assert lazy_tags(engine, objects, "w32.webp") == {"pixfleet": "lazy"}


def test_a_copied_variant_has_type_and_metadata_of_the_first_and_a_tag_of_its_own(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    objects.put_variant(seen(objects), "f00d", ("w32", Slot.AVIF), Codec.WEBP, b"small")
    first = objects.read_variant(variant_key(KEY, "w32", Slot.AVIF), most_bytes=5)
    assert first

    objects.copy_variant(KEY, "w32.avif", "w32.webp", etag=first.etag)

    copied = objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5)
    assert copied
    assert replace(copied, stored_at=first.stored_at) == first
    assert lazy_tags(engine, objects, "w32.webp") == {"pixfleet": "lazy"}


def test_a_variant_that_was_replaced_is_not_copied(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source, file = seen(objects), ("w32", Slot.AVIF)
    objects.put_variant(source, "f00d", file, Codec.AVIF, b"small")
    first = objects.read_variant(variant_key(KEY, *file), most_bytes=5)
    assert first
    objects.put_variant(source, "f00d", file, Codec.AVIF, b"other")

    with pytest.raises(SourceChanged):
        objects.copy_variant(KEY, "w32.avif", "w32.webp", etag=first.etag)

    assert objects.read_variant(variant_key(KEY, "w32", Slot.WEBP), most_bytes=5) is None


def lazy_tags(engine: Engine, objects: Objects, name: str) -> dict[str, str]:
    answer = engine.s3.get_object_tagging(
        Bucket=objects.variants_bucket, Key=stored_key(KEY, name)
    )
    return {each["Key"]: each["Value"] for each in answer["TagSet"]}


def test_stored_objects_are_deleted_and_missing_ones_are_no_error(
    objects: Objects, engine: Engine, sources: str
) -> None:
    engine.s3.put_object(Bucket=sources, Key=KEY, Body=b"pixels")
    source = seen(objects)
    objects.put_variant(source, "f00d", ("w64", Slot.WEBP), Codec.WEBP, b"small")
    objects.put_manifest(source, b"{}")
    stored = [variant_key(KEY, "w64", Slot.WEBP), manifest_key(KEY)]
    bucket = objects.variants_bucket
    assert objects.read_recipes(bucket, manifest_key(KEY)) == b"{}"

    objects.delete([*stored, "never-there"])
    objects.delete(stored)

    assert not engine.s3.list_objects_v2(Bucket=bucket).get("Contents")
    with pytest.raises(Missing):
        objects.read_recipes(bucket, manifest_key(KEY))
