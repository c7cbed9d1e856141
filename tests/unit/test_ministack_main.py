from collections.abc import Mapping

import botocore.session
import pytest

from scripts.local.ministack_main import (
    NAMESPACE,
    Answer,
    complete_alarms,
    etag_as_sdks_read_it,
    token_authorizer_as_on_aws,
)

pytestmark = pytest.mark.unit

PLAIN = {
    "AlarmName": "late",
    "AlarmDescription": "Too <late> & more",
    "MetricName": "age",
    "Statistic": "Maximum",
    "Period": 60,
    "Dimensions": [{"Name": "lane", "Value": "live"}],
    "ActionsEnabled": True,
    "AlarmActions": ["arn:one", "arn:two"],
    "TreatMissingData": "notBreaching",
}
PERCENTILE = PLAIN | {"Statistic": "Average", "ExtendedStatistic": "p95"}
MATHS = PLAIN | {"MetricName": "", "Statistic": "Average", "Dimensions": []}


def described(alarm: dict[str, object], *, is_json: bool = False, status: int = 200) -> str:
    """Return the corrected answer of DescribeAlarms, without its namespace."""
    page = (
        f'<A xmlns="{NAMESPACE}"><member><AlarmName>late</AlarmName></member></A>'
        if not is_json
        else "{}"
    )

    def as_ministack(*_: object) -> Answer:
        return status, {}, page.encode()

    _, _, body = complete_alarms(as_ministack, {"late": alarm}.get)({}, {}, False, is_json)  # noqa: FBT003
    return body.decode().replace(f' xmlns="{NAMESPACE}"', "")


def test_an_alarm_has_every_field_that_the_provider_compares() -> None:
    xml = described(PLAIN)

    assert "<AlarmDescription>Too &lt;late&gt; &amp; more</AlarmDescription>" in xml
    assert "<ActionsEnabled>true</ActionsEnabled>" in xml
    assert "<AlarmActions><member>arn:one</member><member>arn:two</member></AlarmActions>" in xml
    assert "<Dimensions><member><Name>lane</Name><Value>live</Value></member></Dimensions>" in xml
    assert "<Period>60</Period><Statistic>Maximum</Statistic>" in xml


def test_an_alarm_on_a_percentile_has_no_statistic() -> None:
    xml = described(PERCENTILE)

    assert "<ExtendedStatistic>p95</ExtendedStatistic>" in xml
    assert "<Statistic>" not in xml


def test_an_alarm_on_metric_math_has_no_metric() -> None:
    xml = described(MATHS)

    assert "<TreatMissingData>notBreaching</TreatMissingData>" in xml
    assert not any(word in xml for word in ("Statistic", "Period", "Dimensions"))


def test_json_is_not_changed() -> None:
    assert described(PLAIN, is_json=True) == "{}"


def test_an_error_is_not_changed() -> None:
    assert "TreatMissingData" not in described(PLAIN, status=400)


def test_an_update_of_a_function_has_its_etag_where_sdks_read_it() -> None:
    model = botocore.session.get_session().get_service_model("cloudfront")
    output = model.operation_model("UpdateFunction").output_shape
    assert output

    header = output.members["ETag"].serialization["name"]
    updated = etag_as_sdks_read_it(lambda *_: (200, {"ETag": "E2"}, b"<FunctionSummary/>"))
    refused = etag_as_sdks_read_it(lambda *_: (412, {}, b"<ErrorResponse/>"))

    assert updated("name", {}, b"") == (200, {"ETag": "E2", header: "E2"}, b"<FunctionSummary/>")
    assert refused("name", {}, b"") == (412, {}, b"<ErrorResponse/>")


def test_only_an_authorizer_that_calls_a_function_has_a_payload_version() -> None:
    created: list[Mapping[str, object]] = []

    def create(_api: str, data: Mapping[str, object]) -> Answer:
        created.append(data)
        return 201, {}, b""

    corrected = token_authorizer_as_on_aws(create)
    corrected("api", {"authorizerType": "JWT"})
    corrected("api", {"authorizerType": "REQUEST"})

    assert created[0] == {"authorizerType": "JWT", "authorizerPayloadFormatVersion": None}
    assert created[1] == {"authorizerType": "REQUEST"}
