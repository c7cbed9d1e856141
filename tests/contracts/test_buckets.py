"""S3's objects, versions and conditions."""

import hashlib
from typing import Any

from tests.contracts.engines import Engine
from tests.contracts.refused import refused

KEY = "photos/a b+c%20é.jpg"


def put(engine: Engine, bucket: str, body: bytes = b"pixels") -> str:
    """Store an object and return its ETag."""
    return engine.s3.put_object(Bucket=bucket, Key=KEY, Body=body)["ETag"]


def read(engine: Engine, bucket: str) -> bytes:
    return engine.s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()


def test_head_of_a_missing_object_has_only_a_status(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("404", 404):
        engine.s3.head_object(Bucket=bucket, Key=KEY)


def test_head_in_a_missing_bucket_has_only_a_status(engine: Engine) -> None:
    with refused("404", 404):
        engine.s3.head_object(Bucket="never-made", Key=KEY)


def test_head_of_a_missing_bucket_has_only_a_status(engine: Engine) -> None:
    with refused("404", 404):
        engine.s3.head_bucket(Bucket="never-made")


def test_get_says_whether_object_or_bucket_is_missing(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("NoSuchKey", 404):
        engine.s3.get_object(Bucket=bucket, Key=KEY)
    with refused("NoSuchBucket", 404):
        engine.s3.get_object(Bucket="never-made", Key=KEY)


def test_an_object_is_read_back_at_once_as_it_was_put(engine: Engine) -> None:
    bucket = engine.bucket()

    engine.s3.put_object(
        Bucket=bucket,
        Key=KEY,
        Body=b"pixels",
        ContentType="image/webp",
        CacheControl="max-age=60",
        Metadata={"focal": "0.5,0.5"},
    )

    answer = engine.s3.get_object(Bucket=bucket, Key=KEY)
    with answer["Body"] as body:
        assert body.read() == b"pixels"
    for each in (answer, engine.s3.head_object(Bucket=bucket, Key=KEY)):
        assert each["ContentLength"] == 6
        assert each["ContentType"] == "image/webp"
        assert each["CacheControl"] == "max-age=60"
        assert each["Metadata"] == {"focal": "0.5,0.5"}


def test_an_etag_is_the_quoted_md5_of_the_bytes(engine: Engine) -> None:
    bucket = engine.bucket()
    expected = f'"{hashlib.md5(b"pixels", usedforsecurity=False).hexdigest()}"'

    assert put(engine, bucket) == expected
    assert engine.s3.head_object(Bucket=bucket, Key=KEY)["ETag"] == expected


def test_last_modified_has_whole_seconds(engine: Engine) -> None:
    bucket = engine.bucket()
    engine.rest(0.1)
    put(engine, bucket)

    assert engine.s3.head_object(Bucket=bucket, Key=KEY)["LastModified"].microsecond == 0


def test_the_names_of_user_metadata_come_back_in_lower_case(engine: Engine) -> None:
    bucket = engine.bucket()

    engine.s3.put_object(Bucket=bucket, Key=KEY, Metadata={"Focal": "0.5,0.5"})

    assert engine.s3.head_object(Bucket=bucket, Key=KEY)["Metadata"] == {"focal": "0.5,0.5"}


def test_user_metadata_over_two_kilobytes_is_refused(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("MetadataTooLarge", 400):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Metadata={"a": "x" * 2048})


def test_a_key_has_at_most_1024_bytes(engine: Engine) -> None:
    bucket = engine.bucket()
    longest = "é" * 512

    engine.s3.put_object(Bucket=bucket, Key=longest, Body=b"x")

    with refused("KeyTooLongError", 400):
        engine.s3.put_object(Bucket=bucket, Key=f"{longest}a", Body=b"x")


def test_a_read_with_the_etag_of_other_bytes_is_refused(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)
    put(engine, bucket, b"others")

    with refused("PreconditionFailed", 412):
        engine.s3.get_object(Bucket=bucket, Key=KEY, IfMatch=etag)
    with refused("412", 412):
        engine.s3.head_object(Bucket=bucket, Key=KEY, IfMatch=etag)


def test_a_read_with_the_etag_of_a_deleted_object_finds_no_key(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)
    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    with refused("NoSuchKey", 404):
        engine.s3.get_object(Bucket=bucket, Key=KEY, IfMatch=etag)


def test_a_read_of_a_known_etag_is_answered_304(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)

    with refused("304", 304):
        engine.s3.get_object(Bucket=bucket, Key=KEY, IfNoneMatch=etag)
    with refused("304", 304):
        engine.s3.head_object(Bucket=bucket, Key=KEY, IfNoneMatch=etag)
    other = engine.s3.get_object(Bucket=bucket, Key=KEY, IfNoneMatch='"none"')
    assert other["Body"].read() == b"pixels"


def test_if_none_match_accepts_only_the_first_put(engine: Engine) -> None:
    bucket = engine.bucket()
    engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"first", IfNoneMatch="*")

    with refused("PreconditionFailed", 412):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"second", IfNoneMatch="*")

    assert read(engine, bucket) == b"first"


def test_if_none_match_treats_a_delete_marker_as_no_object(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    put(engine, bucket)
    engine.s3.delete_object(Bucket=bucket, Key=KEY)

    engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"again", IfNoneMatch="*")

    assert read(engine, bucket) == b"again"


def test_if_match_replaces_only_the_object_with_that_etag(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)
    engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"second", IfMatch=etag)

    with refused("PreconditionFailed", 412):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"third", IfMatch=etag)

    assert read(engine, bucket) == b"second"


def test_if_match_on_a_missing_object_finds_no_key(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("NoSuchKey", 404):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", IfMatch='"0"')


def test_if_none_match_with_an_etag_is_not_implemented(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("NotImplemented", 501):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", IfNoneMatch='"0"')


def test_if_match_with_a_star_is_not_implemented(engine: Engine) -> None:
    bucket = engine.bucket()
    put(engine, bucket)

    with refused("NotImplemented", 501):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", IfMatch="*")


def test_both_conditions_at_once_are_not_implemented(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)

    with refused("NotImplemented", 501):
        engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", IfMatch=etag, IfNoneMatch="*")


def test_deleting_a_missing_object_is_no_error(engine: Engine) -> None:
    bucket = engine.bucket()

    engine.s3.delete_object(Bucket=bucket, Key=KEY)
    answer = engine.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": KEY}]})

    assert [each["Key"] for each in answer["Deleted"]] == [KEY]
    assert not answer.get("Errors")


def test_a_quiet_delete_lists_no_deleted_keys(engine: Engine) -> None:
    bucket = engine.bucket()
    put(engine, bucket)

    answer = engine.s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": KEY}], "Quiet": True}
    )

    assert not answer.get("Deleted")
    with refused("404", 404):
        engine.s3.head_object(Bucket=bucket, Key=KEY)


def test_a_batch_deletes_at_most_a_thousand_keys(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("MalformedXML", 400):
        engine.s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": f"k{at}"} for at in range(1001)]}
        )


def test_a_batch_deletes_at_least_one_key(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("MalformedXML", 400):
        engine.s3.delete_objects(Bucket=bucket, Delete={"Objects": []})


def test_a_delete_without_a_version_hides_the_object_under_a_marker(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    put(engine, bucket)

    answer = engine.s3.delete_object(Bucket=bucket, Key=KEY)

    assert answer["DeleteMarker"]
    with refused("404", 404):
        engine.s3.head_object(Bucket=bucket, Key=KEY)
    with refused("NoSuchKey", 404):
        engine.s3.get_object(Bucket=bucket, Key=KEY)


def test_deleting_the_marker_brings_the_object_back(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    put(engine, bucket)
    marker = engine.s3.delete_object(Bucket=bucket, Key=KEY)["VersionId"]

    engine.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=marker)

    assert read(engine, bucket) == b"pixels"


def test_deleting_an_old_version_leaves_the_object_as_it_is(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    old = engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"old")["VersionId"]
    put(engine, bucket, b"new")

    engine.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=old)

    assert read(engine, bucket) == b"new"


def test_deleting_the_newest_version_shows_the_one_before(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    put(engine, bucket, b"old")
    new = engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"new")["VersionId"]

    engine.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=new)

    assert read(engine, bucket) == b"old"


def test_a_bucket_without_versions_has_no_version_ids(engine: Engine) -> None:
    bucket = engine.bucket()

    assert "VersionId" not in engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")
    assert "VersionId" not in engine.s3.head_object(Bucket=bucket, Key=KEY)


def test_a_list_has_the_present_objects_in_the_order_of_bytes(engine: Engine) -> None:
    bucket = engine.bucket(versioned=True)
    for key in ("b", "ä", "a/2", "a/1", "B", "gone"):
        engine.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    engine.s3.delete_object(Bucket=bucket, Key="gone")

    listed = engine.s3.list_objects_v2(Bucket=bucket)
    under_a = engine.s3.list_objects_v2(Bucket=bucket, Prefix="a/", MaxKeys=1)

    assert [each["Key"] for each in listed["Contents"]] == ["B", "a/1", "a/2", "b", "ä"]
    assert [each["Key"] for each in under_a["Contents"]] == ["a/1"]
    assert under_a["IsTruncated"]
    rest = engine.s3.list_objects_v2(
        Bucket=bucket, Prefix="a/", ContinuationToken=under_a["NextContinuationToken"]
    )
    assert [each["Key"] for each in rest["Contents"]] == ["a/2"]


def tags(engine: Engine, bucket: str, key: str) -> dict[str, str]:
    answer = engine.s3.get_object_tagging(Bucket=bucket, Key=key)
    return {each["Key"]: each["Value"] for each in answer["TagSet"]}


def test_an_object_has_the_tags_of_its_last_put(engine: Engine) -> None:
    bucket = engine.bucket()

    engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", Tagging="made=lazy&for=a%20b")
    tagged = tags(engine, bucket, KEY)
    engine.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")

    assert tagged == {"made": "lazy", "for": "a b"}
    assert tags(engine, bucket, KEY) == {}


def copy(engine: Engine, bucket: str, to: str, **arguments: Any) -> str:  # noqa: ANN401 - boto3's
    """Copy the object within its bucket and return the ETag of the copy."""
    answer = engine.s3.copy_object(
        Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": KEY}, **arguments
    )
    return answer["CopyObjectResult"]["ETag"]


def test_a_copy_has_bytes_headers_and_tags_of_its_source(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = engine.s3.put_object(
        Bucket=bucket,
        Key=KEY,
        Body=b"pixels",
        ContentType="image/webp",
        CacheControl="max-age=60",
        Metadata={"focal": "0.5,0.5"},
        Tagging="made=eager",
    )["ETag"]

    copied = copy(engine, bucket, "copy")

    there = engine.s3.get_object(Bucket=bucket, Key="copy")
    with there["Body"] as body:
        assert body.read() == b"pixels"
    assert copied == there["ETag"] == etag
    assert there["ContentType"] == "image/webp"
    assert there["CacheControl"] == "max-age=60"
    assert there["Metadata"] == {"focal": "0.5,0.5"}
    assert tags(engine, bucket, "copy") == {"made": "eager"}


def test_a_copy_has_the_tags_and_headers_that_replace_those_of_its_source(engine: Engine) -> None:
    bucket = engine.bucket()
    engine.s3.put_object(
        Bucket=bucket, Key=KEY, Body=b"x", Metadata={"of": "source"}, Tagging="made=eager"
    )

    copy(engine, bucket, "tags", TaggingDirective="REPLACE", Tagging="made=lazy")
    copy(engine, bucket, "headers", MetadataDirective="REPLACE", Metadata={"of": "copy"})

    assert tags(engine, bucket, "tags") == {"made": "lazy"}
    assert engine.s3.head_object(Bucket=bucket, Key="tags")["Metadata"] == {"of": "source"}
    assert tags(engine, bucket, "headers") == {"made": "eager"}
    assert engine.s3.head_object(Bucket=bucket, Key="headers")["Metadata"] == {"of": "copy"}


def test_a_copy_of_other_bytes_than_the_etag_says_is_refused(engine: Engine) -> None:
    bucket = engine.bucket()
    etag = put(engine, bucket)
    copy(engine, bucket, "copy", CopySourceIfMatch=etag)
    put(engine, bucket, b"others")

    with refused("PreconditionFailed", 412):
        copy(engine, bucket, "copy", CopySourceIfMatch=etag)

    assert engine.s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"pixels"


def test_a_copy_of_a_missing_object_finds_no_key(engine: Engine) -> None:
    bucket = engine.bucket()

    with refused("NoSuchKey", 404):
        copy(engine, bucket, "copy")
    with refused("NoSuchKey", 404):
        copy(engine, bucket, "copy", CopySourceIfMatch='"0"')
