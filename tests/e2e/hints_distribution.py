"""A distribution on MiniStack with the edge functions, and files that a browser can tell apart."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pyvips
from botocore.config import Config

from scripts.local.clients import DUMMY_KEY, REGION
from shared.model.cache_control import VARIANT
from shared.model.keys import stored_key
from shared.model.manifest import Manifest
from shared.model.recipe import RecipeSet, Slot
from tests.support.edge_cases import RECIPE_SETS
from tests.terraform.edge import bare, request_code

BUCKET = "hints-variants"
KEYS = ("cat.jpg", "dog.jpg")
HEIGHTS: Mapping[str, int] = {"avif": 16, "webp": 32, "fallback": 48}
SUFFIXES = {
    Slot.AVIF: ".avif[compression=av1]",
    Slot.WEBP: ".webp",
    Slot.FALLBACK: ".jpg",
}
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
}
TYPES = {Slot.AVIF: "image/avif", Slot.WEBP: "image/webp", Slot.FALLBACK: "image/jpeg"}


def create_distribution(endpoint_url: str) -> str:
    """Store every rung of `KEYS` in each slot; create the distribution and return its id."""
    s3 = _client(endpoint_url, "s3")
    s3.create_bucket(Bucket=BUCKET)
    recipe = RECIPE_SETS["shipped"].matching(KEYS[0])
    assert recipe
    for rung in recipe.variants:
        for slot in rung.slots:
            body = _file(rung.width or 1, slot)
            for key in KEYS:
                s3.put_object(
                    Bucket=BUCKET,
                    Key=stored_key(key, f"{rung.name}.{slot}"),
                    Body=body,
                    CacheControl=VARIANT,
                    ContentType=TYPES[slot],
                )
    return distribute(endpoint_url, "hints", BUCKET, RECIPE_SETS["shipped"])


def store(endpoint_url: str, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Store a source's variants, whose bytes are given by URL, with what the worker says of them.

    `create_distribution` has made the bucket.
    """
    s3 = _client(endpoint_url, "s3")
    for variant in manifest.variants:
        s3.put_object(
            Bucket=BUCKET,
            Key=stored_key(manifest.source.key, f"{variant.name}.{variant.slot}"),
            Body=files[variant.url],
            CacheControl=VARIANT,
            ContentType=variant.type,
            Metadata={"pixfleet-version": manifest.version},
        )


def distribute(endpoint_url: str, name: str, bucket: str, recipe_set: RecipeSet) -> str:
    """Create a distribution of a bucket with the edge functions; return its id."""
    s3, cloudfront = _client(endpoint_url, "s3"), _client(endpoint_url, "cloudfront")
    statement = {**STATEMENT, "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    made = cloudfront.create_distribution(
        DistributionConfig=_configuration(cloudfront, name, bucket, recipe_set)
    )
    return str(made["Distribution"]["Id"])


def _file(width: int, slot: Slot) -> bytes:
    """Return a file whose width is the rung's, and whose height is the slot's."""
    image = pyvips.Image.black(width, HEIGHTS[slot], bands=3)
    return bytes(image.write_to_buffer(SUFFIXES[slot]))


def _client(endpoint_url: str, service: str) -> Any:  # noqa: ANN401 - no stubs for a name
    session: Any = boto3.Session()
    return session.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_KEY,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def _function(cloudfront: Any, name: str, code: str) -> str:  # noqa: ANN401
    """Create and publish an edge function, and return its ARN."""
    created = cloudfront.create_function(
        Name=name,
        FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
        FunctionCode=code.encode(),
    )
    cloudfront.publish_function(Name=name, IfMatch=created["ETag"])
    return str(created["FunctionSummary"]["FunctionMetadata"]["FunctionARN"])


def _configuration(
    cloudfront: Any,  # noqa: ANN401
    name: str,
    bucket: str,
    recipe_set: RecipeSet,
) -> dict[str, Any]:
    functions = {
        "viewer-request": request_code(recipe_set),
        "viewer-response": bare("edge_response.js").replace('"SECONDS"', "300"),
    }
    associations = [
        {"EventType": event, "FunctionARN": _function(cloudfront, f"{name}-{event}", code)}
        for event, code in functions.items()
    ]
    variants = {
        "Id": "variants",
        "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
        "OriginAccessControlId": _access_control(cloudfront, name),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    return {
        "CallerReference": name,
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [variants]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "variants",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": _cache_policy(cloudfront, name),
            "FunctionAssociations": {"Quantity": len(associations), "Items": associations},
        },
    }


def _cache_policy(cloudfront: Any, name: str) -> str:  # noqa: ANN401
    versions = {
        "QueryStringBehavior": "whitelist",
        "QueryStrings": {"Quantity": 1, "Items": ["v"]},
    }
    created = cloudfront.create_cache_policy(
        CachePolicyConfig={
            "Name": name,
            "MinTTL": 0,
            "DefaultTTL": 300,
            "MaxTTL": 300,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": True,
                "HeadersConfig": {"HeaderBehavior": "none"},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": versions,
            },
        }
    )
    return str(created["CachePolicy"]["Id"])


def _access_control(cloudfront: Any, name: str) -> str:  # noqa: ANN401
    created = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": name,
            "OriginAccessControlOriginType": "s3",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
    )
    return str(created["OriginAccessControl"]["Id"])
