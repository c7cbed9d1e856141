"""What the renderer does to objects of the variants bucket: reads, copies and tags them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.cloud.clients import Clients
from shared.cloud.objects import Objects
from shared.cloud.stored_objects import VERSION
from shared.model import cache_control
from shared.model.codec import Codec
from shared.model.errors import AccessDenied, SourceChanged
from shared.model.keys import stored_key
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.source import Source
from tests.functional.conftest import SOURCES, VARIANTS
from tests.support.awkward import KEYS
from tests.support.fakes import client_error, unbounded_calls

pytestmark = pytest.mark.functional

SOURCE = Source("photos/cat.jpg", "e1", 6)
RECIPE = Recipe("one", (Variant("w64", (Slot.WEBP,), width=64),))
STORED = stored_key(SOURCE.key, "w64.webp")


@pytest.fixture(name="objects")
def _objects(clients: Clients) -> Objects:
    return Objects(clients.s3, unbounded_calls(), sources_bucket=SOURCES, variants_bucket=VARIANTS)


def put(objects: Objects, data: bytes = b"pixels", source: Source = SOURCE) -> None:
    objects.put_variant(source, RECIPE.fingerprint, ("w64", Slot.WEBP), Codec.WEBP, data)


def tags(clients: Clients, key: str) -> dict[str, str]:
    found = clients.s3.get_object_tagging(Bucket=VARIANTS, Key=key)["TagSet"]
    return {each["Key"]: each["Value"] for each in found}


def test_a_variant_is_read_with_all_that_s3_says_of_it(objects: Objects) -> None:
    put(objects)

    found = objects.read_variant(STORED, most_bytes=6)

    assert found
    assert (found.data, found.size_bytes) == (b"pixels", 6)
    assert found.etag == hashlib.md5(b"pixels", usedforsecurity=False).hexdigest()
    assert (found.content_type, found.cache_control) == ("image/webp", cache_control.VARIANT)
    assert found.metadata[VERSION] == version_token(SOURCE, RECIPE)
    assert found.stored_at > 0


def test_the_bytes_of_a_large_variant_are_not_read(objects: Objects) -> None:
    put(objects)

    found = objects.read_variant(STORED, most_bytes=5)

    assert found
    assert (found.data, found.size_bytes) == (None, 6)


def test_a_variant_that_is_not_stored_is_none(objects: Objects) -> None:
    assert objects.read_variant(STORED, most_bytes=6) is None


def test_a_variant_without_permission_is_not_taken_for_missing(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: object) -> None:
        raise client_error("AccessDenied", 403)

    monkeypatch.setattr(clients.s3, "get_object", refuse)

    with pytest.raises(AccessDenied):
        objects.read_variant(STORED, most_bytes=6)


def test_a_lazy_variant_is_tagged(objects: Objects, clients: Clients) -> None:
    objects.put_at_request(
        SOURCE, RECIPE.fingerprint, ("w64", Slot.WEBP), Codec.WEBP, b"p", is_lazy=True
    )

    assert tags(clients, STORED) == {"pixfleet": "lazy"}


def test_a_variant_of_the_worker_has_no_tags(objects: Objects, clients: Clients) -> None:
    put(objects)

    assert tags(clients, STORED) == {}


@pytest.mark.parametrize(
    "key", [key for key in KEYS.values() if len(key.encode()) < 1000], ids=ascii
)
def test_a_copy_has_the_bytes_type_and_metadata_of_the_first(
    key: str, objects: Objects, clients: Clients
) -> None:
    put(objects, source=replace(SOURCE, key=key))
    first = objects.read_variant(stored_key(key, "w64.webp"), most_bytes=6)
    assert first

    objects.copy_variant(key, "w64.webp", "w96.webp", etag=first.etag)

    copy = objects.read_variant(stored_key(key, "w96.webp"), most_bytes=6)
    assert copy
    assert replace(copy, stored_at=first.stored_at) == first
    assert tags(clients, stored_key(key, "w96.webp")) == {"pixfleet": "lazy"}


def test_a_replaced_variant_is_not_copied(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto ignores the condition.
    monkeypatch.setattr(clients.s3, "copy_object", conditional(clients))
    put(objects)
    first = objects.read_variant(STORED, most_bytes=6)
    assert first
    put(objects, b"others")

    with pytest.raises(SourceChanged):
        objects.copy_variant(SOURCE.key, "w64.webp", "w96.webp", etag=first.etag)

    assert objects.read_variant(stored_key(SOURCE.key, "w96.webp"), most_bytes=6) is None


def test_a_deleted_variant_is_not_copied(objects: Objects) -> None:
    with pytest.raises(SourceChanged):
        objects.copy_variant(SOURCE.key, "w64.webp", "w96.webp", etag="e")


def conditional(clients: Clients) -> Callable[..., object]:
    """Return a CopyObject that checks the ETag of what is copied."""
    copy = clients.s3.copy_object

    def checked(**request: Any) -> object:  # noqa: ANN401 - boto3's
        found = clients.s3.head_object(**request["CopySource"])
        if found["ETag"] != request["CopySourceIfMatch"]:
            raise client_error("PreconditionFailed", 412)
        return copy(**request)

    return checked
