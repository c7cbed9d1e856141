import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import structlog
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.commands.status import Watch
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Renderer
from scripts.pixfleet.status.outcomes import RecentOutcomes
from scripts.pixfleet.status.reader import StatusReader
from scripts.pixfleet.status.view import document as status_document
from scripts.pixfleet.terminal.console import Console
from shared.clock import SystemClock
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.refusals import refused
from tests.support.emf import embedded_metrics
from tests.support.images import jpeg

pytestmark = pytest.mark.functional


@pytest.fixture(autouse=True)
def _no_test_event(clients: Clients, stack: LocalStack) -> None:
    """Delete the test event that S3 sends when a notification is configured."""
    url = clients.sqs.get_queue_url(QueueName=stack.live_queue)["QueueUrl"]
    clients.sqs.purge_queue(QueueUrl=url)


def put(clients: Clients, stack: LocalStack, key: str, data: bytes) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)


def test_an_idle_stack_is_well(pixfleet: RunCommand) -> None:
    answer = pixfleet("status")

    assert answer.code == 0
    assert answer.out.splitlines()[0] == "Well: nothing to do, no dead letters."


def test_dead_letters_are_trouble_and_the_first_line_shows_what_to_type(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: Callable[..., None]
) -> None:
    put(clients, stack, "good.jpg", jpeg())
    put(clients, stack, "bad.jpg", b"no image")
    run_worker()

    answer, document = pixfleet("status"), pixfleet("status", "--json").document

    assert answer.code == 3
    assert answer.out.splitlines()[0] == "Trouble: 1 dead letter. Next: pixfleet dlq groups"
    assert "Rejected in the ledger (all): not_an_image 1." in answer.out
    assert document["dead_letters"] == 1
    assert document["rejected"] == {"causes": {"not_an_image": 1}, "are_more": False}
    assert {(each["key"], each["status"], each["cause"]) for each in document["last"]} == {
        ("good.jpg", "published", None),
        ("bad.jpg", "rejected", "not_an_image"),
    }
    assert document["per_second"] == pytest.approx(2 / 60)
    assert document["rate_is_from"] == "the ledger"


def test_messages_that_no_worker_receives_are_trouble(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, "good.jpg", jpeg())

    answer = pixfleet("status", "--json")

    assert answer.code == 3
    assert answer.document["lanes"]["live"]["waiting"] == 1
    assert answer.document["lanes"]["live"]["oldest_seconds"] is None
    assert answer.document["troubles"] == [
        {"what": "1 message on live that no worker receives", "type": "pixfleet doctor"}
    ]


def test_the_time_left_is_the_waiting_messages_at_the_present_pace(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, run_worker: Callable[..., None]
) -> None:
    put(clients, stack, "first.jpg", jpeg())
    run_worker()
    put(clients, stack, "second.jpg", jpeg())

    answer = pixfleet("status")
    document = pixfleet("status", "--json").document

    assert answer.out.startswith("Busy: 1 message to do")
    assert "1 min 0 s left" in answer.out
    assert document["seconds_left"] == pytest.approx(60)


def test_age_and_pace_are_cloudwatchs_where_it_has_data(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    put(clients, stack, "good.jpg", jpeg())
    record("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": stack.live_queue}, 75.0)
    for fleet, images in ((stack.prefix, 700.0), ("another", 900.0)):
        ours = {"fleet": fleet, "lane": "live"}
        record("Pixfleet", "images", {**ours, "outcome": "made"}, images - 200)
        record("Pixfleet", "images", {**ours, "outcome": "current"}, 200.0)
        record("Pixfleet", "rejections", ours, 20.0)

    document = pixfleet("status", "--json").document

    assert document["lanes"]["live"]["oldest_seconds"] == 75
    assert document["per_second"] == pytest.approx(720 / 60)
    assert document["rate_is_from"] == "CloudWatch"


@pytest.mark.parametrize("has_metrics", [True, False])
def test_the_ledgers_rate_is_read_only_without_cloudwatchs(
    *,
    has_metrics: bool,
    pixfleet: RunCommand,
    stack: LocalStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if has_metrics:
        record("Pixfleet", "rejections", {"fleet": stack.prefix, "lane": "live"}, 20.0)
    needed: list[bool] = []

    def read(*_: object, needs_rate: bool) -> RecentOutcomes:
        needed.append(needs_rate)
        return RecentOutcomes()

    monkeypatch.setattr("scripts.pixfleet.status.reader.recent_outcomes", read)

    pixfleet("status")

    assert needed == [not has_metrics]


def test_idle_minutes_do_not_slow_the_pace_down(pixfleet: RunCommand, stack: LocalStack) -> None:
    ours = {"fleet": stack.prefix, "lane": "live", "outcome": "made"}
    for minutes, images in ((1, 0.0), (2, 600.0), (4, 300.0), (5, 0.0)):
        record("Pixfleet", "images", ours, images, minutes)

    document = pixfleet("status", "--json").document

    assert document["per_second"] == pytest.approx(900 / 120)


METRICS = ("GetMetricData", "DescribeAlarms")


@pytest.mark.parametrize(
    ("code", "operations", "unread", "means", "exit_code"),
    [
        pytest.param(
            "AccessDenied",
            ("DescribeAlarms",),
            "alarms. You may not DescribeAlarms",
            "An alarm that is on does not show.",
            1,
            id="alarms",
        ),
        pytest.param(
            "Throttling",
            ("GetMetricData",),
            "metrics. AWS throttles GetMetricData",
            "the pace is the ledger's.",
            0,
            id="metrics",
        ),
        pytest.param(
            "ThrottlingException",
            ("Query",),
            "outcomes. AWS throttles Query",
            "The latest outcomes and the causes of rejections are unknown.",
            0,
            id="the ledger",
        ),
        pytest.param(
            "InternalError",
            ("GetQueueAttributes",),
            "lane live. AWS could not answer GetQueueAttributes",
            "Messages that wait there do not show.",
            1,
            id="queues",
        ),
    ],
)
def test_what_a_service_refuses_is_named_and_the_rest_is_shown(  # noqa: PLR0913 - a row of the table
    *,
    code: str,
    operations: tuple[str, ...],
    unread: str,
    means: str,
    exit_code: int,
    pixfleet: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refused(monkeypatch, code, *operations):
        answer, document = pixfleet("status"), pixfleet("status", "--json").document

    assert answer.code == exit_code, answer
    assert f"Not read: {unread}" in answer.out
    assert means in answer.out
    assert answer.out.startswith("Incomplete: " if exit_code else "Well: ")
    assert document["missing"][0]["why"]
    assert "Dead letters: " in answer.out


def test_nothing_false_is_said_of_what_was_not_read(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(clients, stack, "waits.jpg", jpeg())
    with refused(monkeypatch, "AccessDenied", "Query", "GetMetricData", "DescribeAlarms"):
        answer = pixfleet("status")
        document = pixfleet("status", "--json").document

    assert answer.code == 1
    assert answer.out.startswith("Incomplete: alarms could not be read; 1 message to do")
    assert "no worker receives" not in answer.out  # whether one does is unknown
    assert "Pace: unknown" in answer.out
    assert "No source has been processed" not in answer.out
    assert document["lanes"]["live"]["waiting"] == 1


def test_a_dead_letter_is_trouble_although_the_ledger_is_refused(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = clients.sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    clients.sqs.send_message(QueueUrl=url, MessageBody="{}")
    with refused(monkeypatch, "ThrottlingException", "Query"):
        answer = pixfleet("status")

    assert answer.code == 3
    assert answer.out.startswith("Trouble: 1 dead letter. Next: pixfleet dlq groups")


def test_if_everything_is_refused_there_is_only_the_reason(
    pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(
        monkeypatch, "AccessDenied", *METRICS, "Query", "GetQueueAttributes", "GetQueueUrl"
    ):
        answer = pixfleet("status")

    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.startswith("You may not GetQueueUrl")


def test_credentials_that_expired_are_not_a_missing_part(
    pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(monkeypatch, "ExpiredToken", "DescribeAlarms"):
        answer = pixfleet("status")

    assert answer.code == 2
    assert answer.err.startswith("The AWS session has expired")


def test_a_watch_goes_on_through_an_outage_and_ends_with_130(
    pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter([True, True])

    def sleep(_: float) -> None:
        if not next(pauses, False):
            raise KeyboardInterrupt
        everything = (*METRICS, "Query", "GetQueueAttributes", "GetQueueUrl")
        outage.enter_context(refused(monkeypatch, "InternalError", *everything))

    with ExitStack() as outage:
        monkeypatch.setattr("scripts.pixfleet.commands.status.time.sleep", sleep)
        answer = pixfleet("status", "--watch")

    assert answer.code == 130
    assert [line.split(" ", 2)[1] for line in answer.out.splitlines()[:3]] == [
        "Well:",
        "Incomplete:",
        "Incomplete:",
    ]
    assert answer.err == "Stopped.\n"


@pytest.mark.usefixtures("_structlog_is_reset")
def test_the_pace_is_read_from_the_metrics_that_the_worker_writes(
    pixfleet: RunCommand,
    clients: Clients,
    stack: LocalStack,
    run_worker: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(clients, stack, "good.jpg", jpeg())
    put(clients, stack, "bad.jpg", b"no image")
    settings = read_settings(stack.worker_environment())
    configure_logging("json", fleet=settings.fleet)
    capsys.readouterr()
    run_worker()

    for line in map(json.loads, capsys.readouterr().err.splitlines()):
        for each in embedded_metrics(line):
            record(each.namespace, each.name, dict(each.dimensions), each.value)

    document = pixfleet("status", "--json").document
    assert document["per_second"] == pytest.approx(2 / 60)
    assert document["rate_is_from"] == "CloudWatch"


@pytest.fixture
def _structlog_is_reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def record(
    namespace: str, metric: str, dimensions: Mapping[str, str], value: float, minutes: int = 1
) -> None:
    """Put a value into CloudWatch, some minutes ago."""
    boto3.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": metric,
                # moto takes metrics whose dimensions are in another order for different ones.
                "Dimensions": [{"Name": n, "Value": v} for n, v in sorted(dimensions.items())],
                "Timestamp": datetime.fromtimestamp(time.time() // 60 * 60 - 60 * minutes, UTC),
                "Value": value,
            }
        ],
    )


def test_what_the_renderer_did_is_shown(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    renderer = Renderer("pixfleet-renderer", "live")
    document = structs.replace(stack.document(), renderer=renderer)
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )
    quiet = pixfleet("status").out
    fleet = {"fleet": stack.prefix}
    for answered, count in {"rendered": 41, "copied": 3, "unavailable": 1}.items():
        record("Pixfleet", "answers", {**fleet, "answered": answered}, count)
    for metric, count in {"on_demand_stores": 43, "stores_refused": 1, "edge_blind": 2}.items():
        record("Pixfleet", metric, fleet, count)

    answer, report = pixfleet("status"), pixfleet("status", "--json").document

    assert "On demand: no request reached the renderer in the last five minutes." in quiet
    assert (
        "On demand: 3 copied, 41 rendered, 1 unavailable in the last five minutes; "
        "43 stored, 1 not stored. The edge cannot read the bucket.\n"
    ) in answer.out
    assert report["on_demand"] == {
        "rendered": 41,
        "copied": 3,
        "unavailable": 1,
        "on_demand_stores": 43,
        "stores_refused": 1,
        "edge_blind": 2,
    }


def test_a_stack_without_a_renderer_says_nothing_of_it(pixfleet: RunCommand) -> None:
    assert "On demand" not in pixfleet("status").out
    assert pixfleet("status", "--json").document["on_demand"] is None


def test_an_alarm_that_is_on_is_named_first(pixfleet: RunCommand, stack: LocalStack) -> None:
    cloudwatch = boto3.client("cloudwatch")
    for name in ("pixfleet-crashes", "another-stack-crashes"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="Errors",
            Namespace="AWS/Lambda",
            Period=60,
            EvaluationPeriods=1,
            Statistic="Sum",
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    answer = pixfleet("status")

    assert answer.code == 3
    assert answer.out.startswith("Trouble: 1 alarm is on: pixfleet-crashes.")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_watch_without_a_terminal_prints_a_line_for_each_refresh(
    stack: LocalStack, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    reader = StatusReader(stack.document(), AwsClients(), SystemClock())
    pauses = iter([None, None])

    def pause() -> None:
        if next(pauses, "no more") is not None:
            raise KeyboardInterrupt

    Watch(Console(as_json=as_json), reader.read, pause).until_stopped(reader.read())

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(
        (json.loads(line)["word"] == "well") if as_json else "Well: " in line for line in lines
    )


def test_cloudwatchs_metrics_are_read_at_most_once_a_minute(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    now: list[float] = [1000.0]
    called: list[str] = []
    clock = type("Clock", (), {"now": lambda self: now[0]})()
    reader = StatusReader(stack.document(), AwsClients(), clock)
    real = reader.clients.cloudwatch.get_paginator

    def record(name: Any) -> Any:  # noqa: ANN401 - botocore's overloads
        called.append(name)
        return real(name)

    monkeypatch.setattr(reader.clients.cloudwatch, "get_paginator", record)

    for seconds in (0, 5, 70):
        now[0] = 1000.0 + seconds
        reader.read()

    assert called.count("get_metric_data") == 2


def test_a_lane_that_forwards_shows_how_much_and_where(
    stack: LocalStack,
) -> None:
    document = stack.document()
    lanes = {**document.lanes, "live": structs.replace(document.lanes["live"], larger="bulk")}
    aws = AwsClients()
    boto3.client("cloudwatch").put_metric_data(
        Namespace="Pixfleet",
        MetricData=[
            {
                "MetricName": "forwards",
                "Dimensions": [
                    {"Name": "fleet", "Value": document.prefix},
                    {"Name": "lane", "Value": "live"},
                ],
                "Timestamp": datetime.fromtimestamp(time.time() - 120, UTC),
                "Value": 3,
            }
        ],
    )
    report = StatusReader(structs.replace(document, lanes=lanes), aws, SystemClock()).read()

    shown = status_document(report)["lanes"]

    assert isinstance(shown, dict)
    assert (shown["live"]["larger"], shown["live"]["forwarded"]) == ("bulk", 3)
    assert "larger" not in shown["bulk"]
