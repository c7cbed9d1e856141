import pytest

from scripts.local.ministack_main import NAMESPACE, Answer, whole_alarms

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
    """Return DescribeAlarms' answer without its namespace, from a MiniStack that tells little."""
    page = (
        f'<A xmlns="{NAMESPACE}"><member><AlarmName>late</AlarmName></member></A>'
        if not is_json
        else "{}"
    )

    def as_ministack(*_: object) -> Answer:
        return status, {}, page.encode()

    _, _, body = whole_alarms(as_ministack, {"late": alarm}.get)({}, {}, False, is_json)  # noqa: FBT003
    return body.decode().replace(f' xmlns="{NAMESPACE}"', "")


def test_an_alarm_is_told_of_with_all_that_the_provider_compares() -> None:
    told = described(PLAIN)

    assert "<AlarmDescription>Too &lt;late&gt; &amp; more</AlarmDescription>" in told
    assert "<ActionsEnabled>true</ActionsEnabled>" in told
    assert "<AlarmActions><member>arn:one</member><member>arn:two</member></AlarmActions>" in told
    assert "<Dimensions><member><Name>lane</Name><Value>live</Value></member></Dimensions>" in told
    assert "<Period>60</Period><Statistic>Maximum</Statistic>" in told


def test_a_percentile_is_no_average_as_well() -> None:
    told = described(PERCENTILE)

    assert "<ExtendedStatistic>p95</ExtendedStatistic>" in told
    assert "<Statistic>" not in told


def test_metric_math_has_no_metric_of_its_own() -> None:
    told = described(MATHS)

    assert "<TreatMissingData>notBreaching</TreatMissingData>" in told
    assert not any(word in told for word in ("Statistic", "Period", "Dimensions"))


def test_json_passes_as_it_is() -> None:
    assert described(PLAIN, is_json=True) == "{}"


def test_a_refusal_passes_as_it_is() -> None:
    assert "TreatMissingData" not in described(PLAIN, status=400)
