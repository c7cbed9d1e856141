"""A distribution on MiniStack without Terraform: a bucket, then a function that makes the rest."""

import http.client
import io
import json
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from scripts.local.clients import DUMMY_KEY, REGION
from scripts.local.edge_client import EdgeClient
from scripts.local.instance import Instance

BUCKET = "edge-variants"
FUNCTION = "edge-renderer"
ACCOUNT = "000000000000"
CODE = """
def handler(event, context):
    headers = {"content-type": "image/jpeg", "cache-control": "max-age=31536000, s-maxage=60"}
    return {"statusCode": 200, "headers": headers, "body": "made " + event["rawPath"]}
"""
PERMISSIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser gets; `x_cache` is the first word of X-Cache."""

    status: int
    x_cache: str
    body: bytes
    headers: http.client.HTTPMessage


@dataclass(frozen=True, slots=True)
class EdgeStack:
    """Asks through the browser's port; changes go through AWS's APIs."""

    instance: Instance

    @property
    def edge(self) -> EdgeClient:
        """Return the control of the edge."""
        return EdgeClient(self.instance)

    def client(self, service: str) -> Any:  # noqa: ANN401 - no stubs for a service by its name
        """Return a client that does not retry."""
        session: Any = boto3.Session()
        return session.client(
            service,
            region_name=REGION,
            endpoint_url=self.instance.endpoint_url,
            aws_access_key_id=DUMMY_KEY,
            aws_secret_access_key=DUMMY_KEY,
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask as a browser does."""
        address = urlsplit(self.edge.url())
        assert address.hostname
        browser = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            browser.request(method, path, headers=named)
            answer = browser.getresponse()
            body = answer.read()
        finally:
            browser.close()
        x_cache = answer.getheader("x-cache", "").partition(" ")[0]
        return Answer(answer.status, x_cache, body, answer.headers)

    def get_at_once(self, path: str, count: int) -> Sequence[Answer]:
        """Ask from several threads that start together."""
        barrier = Barrier(count)

        def ask(_: int) -> Answer:
            barrier.wait(timeout=30)
            return self.get(path)

        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(ask, range(count)))

    def put(self, key: str, body: bytes, cache_control: str = "max-age=60") -> None:
        """Store an object in the bucket."""
        self.client("s3").put_object(
            Bucket=BUCKET, Key=key, Body=body, CacheControl=cache_control, ContentType="image/jpeg"
        )

    def invalidate(self, distribution: str, *paths: str, reference: str) -> str:
        """Create an invalidation and return its id."""
        batch = {
            "CallerReference": reference,
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
        }
        created = self.client("cloudfront").create_invalidation(
            DistributionId=distribution, InvalidationBatch=batch
        )
        return str(created["Invalidation"]["Id"])

    def create(self) -> SimpleNamespace:
        """Create everything; return id and ARN of the distribution."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_bucket_policy()))
        functions = self.client("lambda")
        functions.create_function(
            FunctionName=FUNCTION,
            Runtime="python3.11",
            Handler="index.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/none",
            Code={"ZipFile": _zipped()},
        )
        url = functions.create_function_url_config(FunctionName=FUNCTION, AuthType="AWS_IAM")
        cloudfront = self.client("cloudfront")
        made = cloudfront.create_distribution(
            DistributionConfig=_configuration(cloudfront, urlsplit(url["FunctionUrl"]).netloc)
        )["Distribution"]
        return SimpleNamespace(id=made["Id"], arn=made["ARN"])

    def allow(self, action: str, distribution: str) -> None:
        """Let the distribution do one of `PERMISSIONS`."""
        extra = {"FunctionUrlAuthType": "AWS_IAM"} if action.endswith("Url") else {}
        self.client("lambda").add_permission(
            FunctionName=FUNCTION,
            StatementId=action.partition(":")[2],
            Action=action,
            Principal="cloudfront.amazonaws.com",
            SourceArn=distribution,
            **extra,
        )

    def delete(self, distribution: str) -> None:
        """Delete the distribution, so that it is not the browser's in other tests."""
        cloudfront = self.client("cloudfront")
        found = cloudfront.get_distribution_config(Id=distribution)
        changed = cloudfront.update_distribution(
            Id=distribution,
            IfMatch=found["ETag"],
            DistributionConfig={**found["DistributionConfig"], "Enabled": False},
        )
        cloudfront.delete_distribution(Id=distribution, IfMatch=changed["ETag"])


def _bucket_policy() -> dict[str, object]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", CODE)
    return data.getvalue()


def _configuration(cloudfront: Any, function_host: str) -> dict[str, Any]:  # noqa: ANN401
    variants = {
        "Id": "variants",
        "DomainName": f"{BUCKET}.s3.{REGION}.amazonaws.com",
        "OriginAccessControlId": _access_control(cloudfront, "s3"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginShield": {"Enabled": True, "OriginShieldRegion": REGION},
    }
    renderer = {
        "Id": "renderer",
        "DomainName": function_host,
        "OriginAccessControlId": _access_control(cloudfront, "lambda"),
        "ConnectionAttempts": 1,
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "https-only",
        },
    }
    members = [{"OriginId": "variants"}, {"OriginId": "renderer"}]
    group = {
        "Id": "both",
        "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
        "Members": {"Quantity": 2, "Items": members},
    }
    return {
        "CallerReference": "edge",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 2, "Items": [variants, renderer]},
        "OriginGroups": {"Quantity": 1, "Items": [group]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "both",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": _cache_policy(cloudfront),
        },
    }


def _access_control(cloudfront: Any, kind: str) -> str:  # noqa: ANN401
    created = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": f"edge-{kind}",
            "OriginAccessControlOriginType": kind,
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
    )
    return str(created["OriginAccessControl"]["Id"])


def _cache_policy(cloudfront: Any) -> str:  # noqa: ANN401
    versions = {
        "QueryStringBehavior": "whitelist",
        "QueryStrings": {"Quantity": 1, "Items": ["v"]},
    }
    created = cloudfront.create_cache_policy(
        CachePolicyConfig={
            "Name": "edge",
            "MinTTL": 0,
            "DefaultTTL": 60,
            "MaxTTL": 86400,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": False,
                "HeadersConfig": {"HeaderBehavior": "none"},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": versions,
            },
        }
    )
    return str(created["CachePolicy"]["Id"])
