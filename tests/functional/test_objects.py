import io
import random
from dataclasses import dataclass, replace
from typing import Any, Self

import pytest
from botocore.response import StreamingBody

from shared.cloud import bodies
from shared.cloud.bodies import CHUNK_BYTES
from shared.cloud.clients import Clients
from shared.cloud.errors import Missing
from shared.cloud.objects import MAX_DELETES, Objects, WatermarkFile
from shared.cloud.stored_objects import FINGERPRINT, SOURCE_ETAG, VERSION
from shared.deadline import Deadline
from shared.model.codec import Codec
from shared.model.errors import (
    AccessDenied,
    OutOfTime,
    SourceChanged,
    SourceEncrypted,
    SourceSlow,
    StorageUnavailable,
    Unknown,
    WatermarkUnusable,
)
from shared.model.keys import manifest_key, variant_key
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.source import Overrides, Source
from tests.functional.conftest import SOURCES, VARIANTS
from tests.support.awkward import KEYS
from tests.support.fakes import AMPLE, FakeClock, client_error, unbounded_calls
from worker.policy import CALL_LIMITS

pytestmark = pytest.mark.functional

KEY = "photos/cat.jpg"
RECIPE = Recipe("one", (Variant("w64", (Slot.WEBP,), width=64),))


@pytest.fixture(name="objects")
def _objects(clients: Clients) -> Objects:
    return Objects(clients.s3, unbounded_calls(), sources_bucket=SOURCES, variants_bucket=VARIANTS)


def drop(clients: Clients, data: bytes, key: str = KEY, **metadata: str) -> None:
    clients.s3.put_object(Bucket=SOURCES, Key=key, Body=data, Metadata=metadata)


def seen(objects: Objects, key: str = KEY) -> Source:
    source = objects.head(key)
    assert source is not None
    return source


def stored_keys(clients: Clients) -> set[str]:
    listed = clients.s3.list_objects_v2(Bucket=VARIANTS).get("Contents", [])
    return {each["Key"] for each in listed}


def test_a_source_is_seen_as_it_is(objects: Objects, clients: Clients) -> None:
    drop(clients, b"pixels", recipe="square", focal="0.5,0.5", camera="x")

    source = seen(objects)

    assert source.key == KEY
    assert source.size_bytes == 6
    assert '"' not in source.etag
    assert source.overrides == Overrides(recipe="square", focal="0.5,0.5")
    assert not source.is_own_output


def test_what_is_not_there_is_none(objects: Objects) -> None:
    assert objects.head(KEY) is None


def test_a_lost_bucket_is_not_taken_for_a_lost_source(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    # HEAD has no body to say which of the two is missing; moto says it all the same.
    def gone(**_arguments: object) -> None:
        raise client_error("404", status=404)

    monkeypatch.setattr(clients.s3, "head_object", gone)
    monkeypatch.setattr(clients.s3, "head_bucket", gone)

    with pytest.raises(StorageUnavailable, match=SOURCES):
        objects.head("a.jpg")


def test_an_object_under_a_delete_marker_does_not_exist(
    objects: Objects, clients: Clients
) -> None:
    clients.s3.put_bucket_versioning(Bucket=SOURCES, VersioningConfiguration={"Status": "Enabled"})
    drop(clients, b"pixels")
    clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    assert objects.head(KEY) is None


def test_a_source_without_permission_is_not_taken_for_deleted(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: object) -> None:
        raise client_error("403", 403)

    monkeypatch.setattr(clients.s3, "head_object", refuse)

    with pytest.raises(AccessDenied):
        objects.head(KEY)


def test_the_bytes_are_those_that_head_saw(objects: Objects, clients: Clients) -> None:
    drop(clients, b"pixels")

    assert objects.fetch(seen(objects), AMPLE) == b"pixels"


def test_a_source_replaced_after_head_is_not_fetched(objects: Objects, clients: Clients) -> None:
    drop(clients, b"pixels")
    source = seen(objects)
    drop(clients, b"others")

    with pytest.raises(SourceChanged) as caught:
        objects.fetch(source, AMPLE)

    assert caught.value.stage == "fetch"
    assert caught.value.retry_after_seconds == 0


def test_a_source_deleted_after_head_is_not_fetched(objects: Objects, clients: Clients) -> None:
    drop(clients, b"pixels")
    source = seen(objects)
    clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    with pytest.raises(SourceChanged):
        objects.fetch(source, AMPLE)


def test_a_body_that_ends_early_is_tried_again(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(clients, b"pixels")
    source = seen(objects)
    bodies = [b"pix", b"pixels"]

    def cut(**_arguments: object) -> dict[str, Any]:  # botocore's shape
        data = bodies.pop(0)
        return {"Body": StreamingBody(io.BytesIO(data), len(data))}

    monkeypatch.setattr(clients.s3, "get_object", cut)

    assert objects.fetch(source, AMPLE) == b"pixels"
    assert bodies == []


@dataclass
class Trickle:
    """A body that gives a byte at a time, each after some seconds; `read` would wait for all."""

    data: bytes
    seconds: float
    clock: FakeClock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.data = b""

    def read1(self, _amount: int) -> bytes:
        self.clock.at += self.seconds
        first, self.data = self.data[:1], self.data[1:]
        return first


def trickling(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, *, seconds: float
) -> tuple[Objects, FakeClock]:
    clock = FakeClock()
    drop(clients, b"p" * 100)
    monkeypatch.setattr(
        clients.s3,
        "get_object",
        lambda **_arguments: {"Body": Trickle(b"p" * 100, seconds, clock)},
    )
    return Objects(
        clients.s3, unbounded_calls(), sources_bucket=SOURCES, variants_bucket=VARIANTS
    ), clock


def test_a_body_that_trickles_is_given_up_in_time(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each wait is just short enough for the socket's own timeout.
    objects, clock = trickling(clients, monkeypatch, seconds=CALL_LIMITS.read_seconds - 0.1)
    began_at = clock.at

    with pytest.raises(SourceSlow, match="got 2 bytes in") as caught:
        objects.fetch(seen(objects), Deadline.after(3600, clock))

    assert (caught.value.stage, caught.value.is_permanent) == ("fetch", False)
    assert clock.at - began_at <= 2 * CALL_LIMITS.read_seconds


def test_a_body_that_is_not_complete_in_time_is_out_of_time(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, clock = trickling(clients, monkeypatch, seconds=0.5)
    until = Deadline.after(CALL_LIMITS.read_seconds / 2, clock)

    with pytest.raises(OutOfTime, match="got 10 bytes in") as caught:
        objects.fetch(seen(objects), until)

    assert caught.value.stage == "fetch"
    assert clock.at == until.at


def test_a_slow_body_that_keeps_the_least_pace_is_a_source(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, clock = trickling(clients, monkeypatch, seconds=0.5)
    monkeypatch.setattr(bodies, "LEAST_BYTES_PER_SECOND", 2)
    began_at = clock.at

    assert objects.fetch(seen(objects), Deadline.after(3600, clock)) == b"p" * 100
    assert clock.at - began_at > 4 * CALL_LIMITS.read_seconds


def test_a_body_of_many_chunks_is_whole(objects: Objects, clients: Clients) -> None:
    data = random.Random(1).randbytes(3 * CHUNK_BYTES + 1)  # noqa: S311 - not a secret
    drop(clients, data)

    assert objects.fetch(seen(objects), AMPLE) == data


def test_a_variant_has_its_content_type_and_the_etag_of_its_source(
    objects: Objects, clients: Clients
) -> None:
    drop(clients, b"pixels")
    source = seen(objects)

    objects.put_variant(source, RECIPE.fingerprint, ("w64", Slot.AVIF), Codec.WEBP, b"small")

    answer = clients.s3.get_object(Bucket=VARIANTS, Key=variant_key(KEY, "w64", Slot.AVIF))
    assert answer["Body"].read() == b"small"
    assert answer["ContentType"] == "image/webp"
    assert answer["CacheControl"] == (
        "public, max-age=31536000, immutable, s-maxage=300, stale-while-revalidate=60"
    )
    assert answer["Metadata"] == {
        SOURCE_ETAG: source.etag,
        FINGERPRINT: RECIPE.fingerprint,
        VERSION: version_token(source, RECIPE),
    }


def test_a_variant_dropped_as_a_source_is_known_for_what_it_is(
    objects: Objects, clients: Clients
) -> None:
    drop(clients, b"pixels")
    objects.put_variant(
        seen(objects), RECIPE.fingerprint, ("w64", Slot.WEBP), Codec.WEBP, b"small"
    )
    variant = variant_key(KEY, "w64", Slot.WEBP)

    clients.s3.copy_object(
        Bucket=SOURCES, Key="copy.webp", CopySource={"Bucket": VARIANTS, "Key": variant}
    )

    assert seen(objects, "copy.webp").is_own_output


def test_a_manifest_is_asked_for_again_after_a_minute(objects: Objects, clients: Clients) -> None:
    drop(clients, b"pixels")

    objects.put_manifest(seen(objects), b"{}")

    answer = clients.s3.get_object(Bucket=VARIANTS, Key=manifest_key(KEY))
    assert answer["ContentType"] == "application/json"
    assert answer["CacheControl"] == "public, max-age=60"


@pytest.mark.parametrize(
    "key", [key for key in KEYS.values() if len(key.encode()) < 1000], ids=ascii
)
def test_an_awkward_key_is_fetched_stored_and_deleted_as_it_is(
    objects: Objects, clients: Clients, key: str
) -> None:
    drop(clients, b"pixels", key=key)
    source = seen(objects, key)

    data = objects.fetch(source, AMPLE)
    objects.put_variant(source, RECIPE.fingerprint, ("w64", Slot.WEBP), Codec.WEBP, data)
    objects.put_manifest(source, b"{}")

    ours = {variant_key(key, "w64", Slot.WEBP), manifest_key(key)}
    assert stored_keys(clients) == ours
    objects.delete(sorted(ours))
    assert stored_keys(clients) == set()


def test_only_what_is_named_is_deleted(objects: Objects, clients: Clients) -> None:
    for key in ("a", "b", "c"):
        clients.s3.put_object(Bucket=VARIANTS, Key=key, Body=b"x")
        clients.s3.put_object(Bucket=SOURCES, Key=key, Body=b"x")

    objects.delete(["a", "c", "never-there"])

    assert stored_keys(clients) == {"b"}
    assert clients.s3.list_objects_v2(Bucket=SOURCES)["KeyCount"] == 3


def test_more_than_a_thousand_keys_are_deleted_in_turns(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"k{number}" for number in range(2 * MAX_DELETES + 1)]
    batches: list[list[str]] = []

    def note(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever botocore takes
        batches.append([each["Key"] for each in arguments["Delete"]["Objects"]])
        return {}

    monkeypatch.setattr(clients.s3, "delete_objects", note)

    objects.delete(keys)

    assert [len(batch) for batch in batches] == [1000, 1000, 1]
    assert [key for batch in batches for key in batch] == keys


def test_nothing_to_delete_is_no_call(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(type(clients.s3), "delete_objects")

    objects.delete([])


def test_a_key_that_could_not_be_deleted_is_a_failure(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partly(**_arguments: object) -> dict[str, Any]:  # botocore's shape
        denied = {"Key": "b", "Code": "AccessDenied", "Message": "no"}
        return {"Errors": [denied], "ResponseMetadata": {"HTTPStatusCode": 200}}

    monkeypatch.setattr(clients.s3, "delete_objects", partly)

    with pytest.raises(AccessDenied, match=r"1 errors: .*'Key': 'b'") as caught:
        objects.delete(["a", "b"])

    assert caught.value.stage == "delete"


def test_the_recipes_are_read_from_their_object(objects: Objects, clients: Clients) -> None:
    clients.s3.put_object(Bucket=VARIANTS, Key="recipes.json", Body=b"{}")

    assert objects.read_recipes(VARIANTS, "recipes.json") == b"{}"


def test_recipes_that_are_not_there_are_missing(objects: Objects) -> None:
    with pytest.raises(Missing, match="NoSuchKey"):
        objects.read_recipes(VARIANTS, "recipes.json")


def refuse_reading(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    """Let HEAD answer 400 without a body, as S3 does, and GET with the reason."""

    def get(**_arguments: object) -> None:
        raise client_error(code, 400, message=message)

    def head(**_arguments: object) -> None:
        raise client_error("400", 400)

    monkeypatch.setattr(clients.s3, "head_object", head)
    monkeypatch.setattr(clients.s3, "get_object", get)


SSE_C = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be "
    "provided to retrieve the object."
)


def test_a_source_with_its_owners_key_is_seen_as_it_is_listed(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(clients, b"longer", f"{KEY}.bak")
    drop(clients, b"pixels")
    readable = seen(objects)
    refuse_reading(clients, monkeypatch, "InvalidRequest", SSE_C)

    assert objects.head(KEY) == replace(readable, has_customer_key=True)


def test_a_source_with_its_owners_key_that_is_gone_meanwhile_is_none(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(clients, b"longer", f"{KEY}.bak")
    refuse_reading(clients, monkeypatch, "InvalidRequest", SSE_C)

    assert objects.head(KEY) is None


def test_a_source_that_gets_its_owners_key_before_it_is_fetched_is_rejected(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(clients, b"pixels")
    source = seen(objects)
    refuse_reading(clients, monkeypatch, "InvalidRequest", SSE_C)

    with pytest.raises(SourceEncrypted, match="form of Server Side Encryption") as caught:
        objects.fetch(source, AMPLE)

    assert caught.value.is_permanent


def test_a_refused_head_has_the_reason_that_get_gives(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_reading(clients, monkeypatch, "ExpiredToken", "The token has expired.")

    with pytest.raises(AccessDenied, match="ExpiredToken"):
        objects.head(KEY)


def test_a_refused_head_without_a_reason_is_unknown(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(clients, b"pixels")

    def head(**_arguments: object) -> None:
        raise client_error("400", 400)

    monkeypatch.setattr(clients.s3, "head_object", head)

    with pytest.raises(Unknown, match="400"):
        objects.head(KEY)


def test_a_watermark_with_its_owners_key_is_unusable(
    objects: Objects, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_reading(clients, monkeypatch, "InvalidRequest", SSE_C)

    with pytest.raises(WatermarkUnusable, match="Server Side Encryption"):
        objects.fetch_watermark(KEY, known=WatermarkFile())
