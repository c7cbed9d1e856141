"""A test's access to the stack of `make up`: through the distribution and through AWS's APIs."""

import http.client
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from PIL import Image

from scripts.local.clients import DUMMY_KEY, REGION
from scripts.local.instance import HOST, Instance
from scripts.local.terraform_root import StackNames
from scripts.pixfleet.doctor import edge_functions
from scripts.pixfleet.doctor.finding import Finding
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import parameter_name, read_stack
from shared.model.keys import manifest_key

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

OURS = "_recipes/"
VIEWER_REQUEST = "pixfleet-viewer-request"


@dataclass(frozen=True, slots=True)
class Served:
    """An answer of the distribution.

    `x_cache` is the first word of X-Cache, `readable_by` the origin whose scripts may read it.
    The others are empty without their headers.
    """

    status: int
    content_type: str
    body: bytes
    x_cache: str
    readable_by: str
    cache_control: str
    etag: str = ""
    location: str = ""
    cause: str = ""

    def seen(self) -> tuple[str, int]:
        """Decode the picture; return its true type and its width."""
        assert self.status == http.client.OK, self
        with Image.open(BytesIO(self.body)) as picture:
            picture.load()
            return f"image/{str(picture.format).lower()}", picture.width


@dataclass(frozen=True, slots=True)
class WholeStack:
    """The stack, by its names."""

    instance: Instance
    names: StackNames

    def client(self, service: str) -> Any:  # noqa: ANN401 - no stubs for a service by its name
        """Return a client of the local AWS."""
        session: Any = boto3.Session()
        return session.client(
            service,
            region_name=REGION,
            endpoint_url=self.instance.endpoint_url,
            aws_access_key_id=DUMMY_KEY,
            aws_secret_access_key=DUMMY_KEY,
            config=Config(proxies={}),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of a command for this stack."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": DUMMY_KEY,
            "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.instance.endpoint_url,
            "NO_PROXY": HOST,
        }

    def drop(self, sources: Mapping[str, bytes]) -> None:
        """Put files into the sources bucket."""
        s3 = self.client("s3")
        for key, data in sources.items():
            s3.put_object(Bucket=self.names.sources_bucket, Key=key, Body=data)

    def stored_sizes(self) -> Mapping[str, int]:
        """Return the size of every object in the variants bucket, except the recipes, by key."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self.names.variants_bucket)
        found = (entry for page in listed for entry in page.get("Contents", ()))
        return {each["Key"]: each["Size"] for each in found if not each["Key"].startswith(OURS)}

    def has_manifests(self, keys: Sequence[str]) -> bool:
        """Return whether every source is published."""
        return set(self.stored_sizes()) >= {manifest_key(key) for key in keys}

    def dead_letters(self) -> "list[MessageTypeDef]":
        """Return up to ten dead letters and leave them in the queue."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=self.names.dead_letter_queue)["QueueUrl"]
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
            WaitTimeSeconds=0,
        )
        return list(answer.get("Messages", ()))

    def manifest(self, key: str) -> Mapping[str, Any]:
        """Fetch a source's manifest, as a page does."""
        (served,) = self.get([f"{path_of(key)}?format=manifest"])
        assert served.status == http.client.OK, served
        document: Mapping[str, Any] = json.loads(served.body)
        return document

    def stored_manifest(self, key: str) -> Mapping[str, Any]:
        """Read a source's manifest from the bucket, which no cache is in front of."""
        found = self.client("s3").get_object(
            Bucket=self.names.variants_bucket, Key=manifest_key(key)
        )
        document: Mapping[str, Any] = json.loads(found["Body"].read())
        return document

    def get(
        self,
        paths: Sequence[str],
        *,
        accept: str = "*/*",
        origin: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Served]:
        """Fetch paths through the distribution, over one connection."""
        others = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        headers = {
            **others,
            "Host": self.names.domain_name,
            "X-Forwarded-Proto": "https",
            "Accept": accept,
        }
        if origin:
            headers["Origin"] = origin
        with closing(http.client.HTTPConnection(HOST, self.instance.port, timeout=30)) as viewer:
            for path in paths:
                viewer.request("GET", path, headers=headers)
                answer = viewer.getresponse()
                yield Served(
                    answer.status,
                    answer.getheader("Content-Type", ""),
                    answer.read(),
                    answer.getheader("X-Cache", "").partition(" ")[0],
                    answer.getheader("Access-Control-Allow-Origin", ""),
                    answer.getheader("Cache-Control", ""),
                    answer.getheader("ETag", ""),
                    answer.getheader("Location", ""),
                    answer.getheader("x-pixfleet-cause", ""),
                )

    def live_code(self) -> bytes:
        """Return the code of the viewer request function that viewers get."""
        found = self.client("cloudfront").get_function(Name=VIEWER_REQUEST, Stage="LIVE")
        code: bytes = found["FunctionCode"].read()
        return code

    def change_development_code(self) -> None:
        """Change the function as an apply does that stops before it has published the code."""
        cloudfront = self.client("cloudfront")
        found = cloudfront.describe_function(Name=VIEWER_REQUEST, Stage="DEVELOPMENT")
        cloudfront.update_function(
            Name=VIEWER_REQUEST,
            IfMatch=found["ETag"],
            FunctionConfig=found["FunctionSummary"]["FunctionConfig"],
            FunctionCode=b"function handler(event) { return event.request; }",
        )

    def edge_findings(self) -> Sequence[Finding]:
        """Return what the doctor finds about the edge functions."""
        parameter = self.client("ssm").get_parameter(Name=parameter_name("pixfleet"))
        document = read_stack(parameter["Parameter"]["Value"], where="the parameter")
        clients: Any = SimpleNamespace(cloudfront=self.client("cloudfront"))
        return list(edge_functions.check(StackUnderTest(document, clients)))

    def left_over(self) -> Mapping[str, Sequence[object]]:
        """Return all resources of the account by kind, without kinds that have none."""
        found = {
            f"{service} {kind}": _listed(self.client(service), operation, kind, **words)
            for service, operation, kind, words in LISTS
        }
        return {kind: things for kind, things in found.items() if things}


def path_of(key: str) -> str:
    """Return the path under which the distribution serves a source."""
    return f"/{quote(key)}"


LISTS: Sequence[tuple[str, str, str, Mapping[str, Any]]] = (
    ("apigatewayv2", "get_apis", "Items", {}),
    ("budgets", "describe_budgets", "Budgets", {"AccountId": "000000000000"}),
    ("cloudfront", "list_cache_policies", "CachePolicyList.Items", {"Type": "custom"}),
    ("cloudfront", "list_distributions", "DistributionList.Items", {}),
    ("cloudfront", "list_functions", "FunctionList.Items", {}),
    ("cloudfront", "list_origin_access_controls", "OriginAccessControlList.Items", {}),
    (
        *("cloudfront", "list_response_headers_policies", "ResponseHeadersPolicyList.Items"),
        {"Type": "custom"},
    ),
    ("cloudwatch", "describe_alarms", "MetricAlarms", {}),
    ("cloudwatch", "describe_alarms", "CompositeAlarms", {"AlarmTypes": ["CompositeAlarm"]}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", {}),
    ("cognito-idp", "list_user_pools", "UserPools", {"MaxResults": 10}),
    ("dynamodb", "list_tables", "TableNames", {}),
    ("events", "list_rules", "Rules", {}),
    ("iam", "list_policies", "Policies", {"Scope": "Local"}),
    ("iam", "list_roles", "Roles", {}),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", {}),
    ("lambda", "list_functions", "Functions", {}),
    ("logs", "describe_log_groups", "logGroups", {}),
    ("s3", "list_buckets", "Buckets", {}),
    ("sns", "list_subscriptions", "Subscriptions", {}),
    ("sns", "list_topics", "Topics", {}),
    ("sqs", "list_queues", "QueueUrls", {}),
    ("ssm", "describe_parameters", "Parameters", {}),
)


def _listed(client: Any, operation: str, kind: str, **words: object) -> Sequence[object]:  # noqa: ANN401 - as `client` has it
    answer: Any = getattr(client, operation)(**words)
    for name in kind.split("."):
        answer = answer.get(name) or ()
    return list(answer)
