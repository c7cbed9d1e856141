"""Runs MiniStack in its own virtual environment, with five corrections and an edge.

Without the first and the fourth, `terraform plan` over an applied stack would never be empty;
without the second, the local CloudFront could not read a bucket with our bucket policy; without
the third, Terraform could not publish a changed edge function; without the fifth, it could not
subscribe an address to a topic. `edge/` caches as CloudFront does,
and gives the distribution an address that a browser opens. All of it changes private parts of
MiniStack 1.5.33, which the lock file pins; a newer version may not need it. It is started with
`python -P`, because `import ministack` would otherwise import `ministack.py` beside this file.
"""

import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
MEMBER = f"{{{NAMESPACE}}}member"
NAME = f"{{{NAMESPACE}}}AlarmName"
OK = 200
FIELDS_OF_EVERY_ALARM = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "InsufficientDataActions"),
    *("OKActions", "TreatMissingData"),
)
# MiniStack invents values of these fields for an alarm on metric math.
FIELDS_OF_ONE_METRIC = ("Dimensions", "Period")

Answer = tuple[int, dict[str, str], bytes]


def complete_alarms(describe: Callable[..., Answer], alarms: Any) -> Callable[..., Answer]:  # noqa: ANN401 - MiniStack's
    """Return a DescribeAlarms whose XML has all fields of an alarm; only its JSON had them.

    `alarms` returns the alarm with a name.
    """

    def described(params: object, cbor: object, is_cbor: bool, is_json: bool = False) -> Answer:  # noqa: FBT001, FBT002 - as MiniStack calls it
        status, headers, body = describe(params, cbor, is_cbor, is_json)
        if is_cbor or is_json or status != OK:
            return status, headers, body
        page = fromstring(body)  # noqa: S314 - MiniStack's own answer
        for member in page.iter(MEMBER):
            if name := member.findtext(NAME):
                _complete(member, alarms(name))
        register_namespace("", NAMESPACE)
        return status, headers, tostring(page)

    return described


def etag_as_sdks_read_it(update: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return an UpdateFunction whose answer has its ETag in the header `ETtag`, too.

    CloudFront's model, from which the SDKs are generated, names the header so for this operation
    (`UpdateFunctionResult` in botocore's cloudfront/2020-05-31/service-2.json). Terraform
    publishes with the ETag that it reads there; an empty one is an InvalidIfMatchVersion.
    """

    def updated(*arguments: object) -> Answer:
        status, headers, body = update(*arguments)
        if "ETag" in headers:
            headers = {**headers, "ETtag": headers["ETag"]}
        return status, headers, body

    return updated


def token_authorizer_as_on_aws(create: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return a CreateAuthorizer that gives no payload format version to an authorizer of tokens.

    Only one that calls a function has a version:
    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
    """

    def created(api_id: str, data: Mapping[str, object]) -> Answer:
        if data.get("authorizerType") == "JWT":
            data = {"authorizerPayloadFormatVersion": None, **data}
        return create(api_id, data)

    return created


def arn_of_a_pending_subscription(
    subscribe: Callable[..., Answer], arn_of: Callable[..., str]
) -> Callable[..., Answer]:
    """Return a Subscribe that answers with the ARN at once if it is asked to.

    `arn_of` returns the ARN of the subscription that the parameters describe.
    `ReturnSubscriptionArn`: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
    """

    def subscribed(params: Mapping[str, list[str]]) -> Answer:
        status, headers, body = subscribe(params)
        if status == OK and params.get("ReturnSubscriptionArn") == ["true"]:
            body = body.replace(b"pending confirmation", arn_of(params).encode())
        return status, headers, body

    return subscribed


def main() -> None:
    """Correct MiniStack and run it."""
    # Any: MiniStack is not installed in the environment of mypy.
    cloudwatch: Any = import_module("ministack.services.cloudwatch")
    cloudwatch._describe_alarms = complete_alarms(  # noqa: SLF001 - MiniStack has no public way
        cloudwatch._describe_alarms,  # noqa: SLF001
        lambda name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name),  # noqa: SLF001
    )
    # CloudFront calls S3 over TLS. MiniStack's CloudFront calls its S3 inside the process; its
    # policy evaluator treats that as a request without TLS, which our bucket policy denies.
    evaluator: Any = import_module("ministack.core.iam_evaluator")
    evaluator._request_origin = ContextVar("origin", default=("127.0.0.1", True))  # noqa: SLF001
    cloudfront: Any = import_module("ministack.services.cloudfront")
    cloudfront._cf_update_function = etag_as_sdks_read_it(cloudfront._cf_update_function)  # noqa: SLF001
    gateway: Any = import_module("ministack.services.apigateway")
    gateway._create_authorizer = token_authorizer_as_on_aws(gateway._create_authorizer)  # noqa: SLF001
    sns: Any = import_module("ministack.services.sns")
    sns._subscribe = arn_of_a_pending_subscription(  # noqa: SLF001
        sns._subscribe,  # noqa: SLF001
        lambda params: next(
            each["arn"]
            for each in sns._topic_by_arn_any_scope(params["TopicArn"][0])["subscriptions"]  # noqa: SLF001
            if each["endpoint"] == params["Endpoint"][0]
        ),
    )
    # Last, so that no folder of this repository hides a package of MiniStack's.
    sys.path.append(str(ROOT))
    import_module("scripts.local.edge.ministack_server").add_edge(cloudfront)
    import_module("ministack.app").main()


def _complete(member: Element, alarm: Mapping[str, object]) -> None:
    wanted = list(FIELDS_OF_EVERY_ALARM)
    if alarm.get("MetricName"):
        wanted += FIELDS_OF_ONE_METRIC
        # MiniStack invents the statistic Average for an alarm on a percentile.
        wanted.append("ExtendedStatistic" if alarm.get("ExtendedStatistic") else "Statistic")
    for name in wanted:
        if alarm.get(name) is not None:
            _write(SubElement(member, f"{{{NAMESPACE}}}{name}"), alarm[name])


def _write(element: Element, value: object) -> None:
    """Write a value as the AWS query protocol does."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _write(SubElement(element, f"{{{NAMESPACE}}}{name}"), inner)
    elif isinstance(value, list):
        for inner in value:
            _write(SubElement(element, MEMBER), inner)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
