import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.doctor.checks import run_checks
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.permissions import permissions
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.alarms import Alarm
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Lane, Stack
from tests.functional.cli.conftest import RunCommand
from tests.support.iam.actions import ACCOUNT, TLS
from tests.support.iam.evaluator import Request, decide
from tests.support.iam.recorder import PEOPLE, policies

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetTypeDef
    from mypy_boto3_sqs.literals import QueueAttributeNameType

pytestmark = pytest.mark.functional

TIMEOUT = 10
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": []})


@dataclass(frozen=True, slots=True)
class OnLambda:
    """The stack with a function, mapping, topic and alarms, as Terraform makes them."""

    stack: Stack
    clients: Clients

    def check(self, clients: AwsClients | None = None) -> list[Finding]:
        return list(run_checks(StackUnderTest(self.stack, clients or AwsClients())))

    def wrong(self) -> list[str]:
        return [f"{each.area}: {each.what}" for each in self.check() if each.is_bad]

    def set_queue(self, queue: str, name: "QueueAttributeNameType", value: str) -> None:
        url = self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        self.clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})


@pytest.fixture(name="on_lambda")
def _on_lambda(stack: LocalStack, clients: Clients) -> OnLambda:
    document = stack.document()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("worker.py", "")
    role = boto3.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=ANYBODY)
    functions = boto3.client("lambda")
    made = functions.create_function(
        FunctionName="pixfleet-worker",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="worker.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": dict(document.environment)},
        Timeout=TIMEOUT,
        MemorySize=1769,
        Architectures=["arm64"],
        Publish=True,
    )
    url = clients.sqs.get_queue_url(QueueName=stack.live_queue)["QueueUrl"]
    queue = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    mapping = functions.create_event_source_mapping(
        EventSourceArn=queue["Attributes"]["QueueArn"],
        FunctionName=f"{made['FunctionArn']}:{made['Version']}",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 5},
    )
    topic = boto3.client("sns").create_topic(Name="pixfleet-operations")["TopicArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="on@call.example")
    alarm("pixfleet-crashes", topic)
    return OnLambda(
        structs.replace(
            document,
            function="pixfleet-worker",
            # moto drops the alias of a mapping, but keeps a version.
            function_alias=made["Version"],
            lanes={
                "live": Lane(stack.live_queue, mapping_id=mapping["UUID"], maximum_concurrency=5)
            },
            topic_arn=topic,
        ),
        clients,
    )


def alarm(name: str, *actions: str) -> None:
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=list(actions),
    )


def test_the_local_stack_is_well(pixfleet: RunCommand) -> None:
    answer = pixfleet("doctor", "--json")

    assert answer.code == 0, answer.out
    statuses = {each["verdict"] for each in answer.document["findings"]}
    assert statuses == {"ok", "skipped"}


def test_a_stack_on_lambda_is_well(on_lambda: OnLambda) -> None:
    found = on_lambda.check()

    assert not [each for each in found if each.is_bad]
    assert {each.area for each in found if each.status is FindingStatus.OK} >= {
        "permissions",
        "settings",
        "recipes",
        "queues",
        "trigger",
        "ledger",
        "function",
        "versions",
        "alarms",
        "render children",
    }


def test_a_function_that_was_changed_by_hand_is_found(on_lambda: OnLambda) -> None:
    functions = boto3.client("lambda")
    changed = {**on_lambda.stack.environment, "PIXFLEET_MAX_PIXELS": "none"}
    functions.update_function_configuration(
        FunctionName="pixfleet-worker",
        Environment={"Variables": changed},
        Timeout=60,
        MemorySize=512,
    )

    found = OnLambda(
        structs.replace(on_lambda.stack, function_alias=""), on_lambda.clients
    ).wrong()

    assert any("PIXFLEET_MAX_PIXELS: expected a whole number" in each for each in found)
    assert "settings: PIXFLEET_MAX_PIXELS is 'none', not None" in found
    assert "queues: live: the visibility timeout is 60 s, the function's timeout 60 s" in found
    assert "function: 512 MB on arm64" in found


def test_wrong_queue_attributes_are_found(on_lambda: OnLambda) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:pixfleet-dead-letter"}
    on_lambda.set_queue(
        "pixfleet-live", "RedrivePolicy", json.dumps({**policy, "maxReceiveCount": 3})
    )
    on_lambda.set_queue("pixfleet-live", "KmsMasterKeyId", "alias/aws/sqs")
    on_lambda.set_queue("pixfleet-dead-letter", "MessageRetentionPeriod", "3600")

    found = on_lambda.wrong()

    assert found == [
        "queues: live: after 3 receives to pixfleet-dead-letter",
        "queues: live: messages are kept 4 days, dead letters 0.0416667",
        "queues: live: encrypted with alias/aws/sqs",
    ]


def test_a_notification_that_was_replaced_is_found(on_lambda: OnLambda) -> None:
    s3, bucket = on_lambda.clients.s3, on_lambda.stack.sources_bucket
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})

    found = on_lambda.wrong()

    assert found == ["trigger: pixfleet-sources notifies pixfleet-live of nothing"]


def test_a_bucket_of_another_region_is_found(on_lambda: OnLambda) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    stack = structs.replace(on_lambda.stack, sources_bucket="elsewhere")

    found = OnLambda(stack, on_lambda.clients).wrong()

    assert "buckets: elsewhere is in eu-west-1" in found
    assert [each for each in found if stack.variants_bucket in each] == []


def test_a_rule_that_is_off_or_missing_is_found(on_lambda: OnLambda) -> None:
    stack = structs.replace(
        on_lambda.stack,
        trigger="eventbridge",
        lanes={**on_lambda.stack.lanes, "bulk": Lane("pixfleet-bulk", prefixes=("bulk/",))},
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [stack.sources_bucket]}}}
    boto3.client("events").put_rule(
        Name="pixfleet-live", EventPattern=json.dumps(pattern), State="DISABLED"
    )

    found = OnLambda(stack, on_lambda.clients).wrong()

    assert "trigger: pixfleet-sources and EventBridge" in found
    assert (
        "trigger: rule pixfleet-live: the rule is DISABLED; "
        "its targets do not include pixfleet-live" in found
    )
    assert "trigger: no EventBridge rule pixfleet-bulk" in found


def test_a_rule_whose_undelivered_events_would_be_lost_is_found(on_lambda: OnLambda) -> None:
    stack = structs.replace(on_lambda.stack, trigger="eventbridge")
    dead_letters = "arn:aws:sqs:us-east-1:123456789012:pixfleet-dead-letter"
    rule = put_rule(stack)
    subject = OnLambda(stack, on_lambda.clients)

    put_target(dead_letter_arn="")
    without = subject.wrong()
    put_target(dead_letter_arn=dead_letters)
    not_allowed = subject.wrong()
    subject.set_queue("pixfleet-dead-letter", "Policy", json.dumps(allowing(rule, dead_letters)))
    good = subject.wrong()

    begin = "trigger: rule pixfleet-live: what cannot be delivered goes to"
    assert f"{begin} nowhere, but pixfleet-dead-letter does not allow it" in without
    assert f"{begin} pixfleet-dead-letter, but pixfleet-dead-letter does not allow it" in (
        not_allowed
    )
    assert [each for each in good if "delivered" in each] == []


def put_rule(stack: Stack) -> str:
    """Make the rule of the live lane as Terraform does and return its ARN."""
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [stack.sources_bucket]}}}
    events = boto3.client("events")
    return events.put_rule(Name="pixfleet-live", EventPattern=json.dumps(pattern))["RuleArn"]


def put_target(*, dead_letter_arn: str) -> None:
    target: TargetTypeDef = {
        "Id": "live",
        "Arn": "arn:aws:sqs:us-east-1:123456789012:pixfleet-live",
    }
    if dead_letter_arn:
        target["DeadLetterConfig"] = {"Arn": dead_letter_arn}
    boto3.client("events").put_targets(Rule="pixfleet-live", Targets=[target])


def allowing(rule: str, queue: str) -> dict[str, object]:
    statement = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": [rule]}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_disabled_mapping_without_partial_batch_responses_is_found(on_lambda: OnLambda) -> None:
    boto3.client("lambda").update_event_source_mapping(
        UUID=on_lambda.stack.lanes["live"].mapping_id,
        Enabled=False,
        BatchSize=1,
        FunctionName="pixfleet-worker",
    )

    found = on_lambda.wrong()

    assert "trigger: live: its event source mapping is Disabled" in found
    assert any(each.startswith("trigger: live: batches of 1; for arn:") for each in found)


def test_recipes_that_are_missing_or_broken_are_found(on_lambda: OnLambda) -> None:
    stack, s3 = on_lambda.stack, on_lambda.clients.s3
    key = stack.recipes.partition(stack.variants_bucket)[2].lstrip("/")
    s3.put_object(Bucket=stack.variants_bucket, Key=key, Body=b'{"version": 1}')
    broken = on_lambda.wrong()
    s3.delete_object(Bucket=stack.variants_bucket, Key=key)

    missing = on_lambda.wrong()

    assert "recipes: expected a list of at least one recipe" in broken[0]
    assert "NoSuchKey" in missing[0]


def test_alarms_that_notify_nobody_are_found(on_lambda: OnLambda) -> None:
    alarm("pixfleet-duration")
    sns = boto3.client("sns")
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=on_lambda.stack.topic_arn)[
        "Subscriptions"
    ]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    found = on_lambda.wrong()

    assert found == [
        "alarms: without an action: pixfleet-duration",
        f"alarms: 0 confirmed subscriptions of {on_lambda.stack.topic_arn}",
    ]


def test_an_alarm_may_notify_through_a_composite_alarm(
    on_lambda: OnLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = (on_lambda.stack.topic_arn,)
    rule = 'ALARM("pixfleet-duration") OR ALARM("pixfleet-crashes")'
    silent = [
        Alarm("pixfleet-crashes", "OK", (), may_act=True),
        Alarm("pixfleet-duration", "OK", (), may_act=True),
        Alarm("pixfleet-throttles", "OK", topic, may_act=False),
    ]
    composite = Alarm("pixfleet-something-is-wrong", "OK", topic, may_act=True, rule=rule)
    # moto has no composite alarms.
    monkeypatch.setattr(
        "scripts.pixfleet.doctor.alarms.alarms_of", lambda *_: [*silent, composite]
    )

    assert on_lambda.wrong() == ["alarms: without an action: pixfleet-throttles"]


@pytest.fixture(name="denied")
def _denied(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Give the set of operations that AWS denies."""
    denied: set[str] = set()
    real: Any = getattr(BaseClient, "_make_api_call")  # noqa: B009 - the stubs do not know it

    def call(self: Any, operation: str, arguments: Any) -> Any:  # noqa: ANN401 - botocore's
        if operation in denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
        return real(self, operation, arguments)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", call)
    return denied


def test_a_denied_action_is_named_with_its_arn_and_the_commands_that_need_it(
    on_lambda: OnLambda, denied: set[str]
) -> None:
    denied |= {"DescribeAlarms", "GetBucketNotificationConfiguration"}

    found = [each for each in on_lambda.check() if each.is_bad]

    assert [(each.area, each.status) for each in found] == [
        ("permissions", FindingStatus.WRONG),
        ("permissions", FindingStatus.WRONG),
        ("trigger", FindingStatus.UNSEEN),
        ("alarms", FindingStatus.UNSEEN),
    ]
    assert found[0].what == "s3:GetBucketNotification is denied"
    assert found[0].remedy == (
        "allow s3:GetBucketNotification on arn:aws:s3:::pixfleet-sources; needed by doctor; of "
        "the policies for people (docs/access.md) on_call_reader and on_call_redriver allow it"
    )
    assert "needed by status, doctor, drill; of" in found[1].remedy


def test_each_permission_is_allowed_by_exactly_the_policies_that_are_named(
    on_lambda: OnLambda,
) -> None:
    """By the policies as Terraform renders them, of a stack with the same names."""
    rendered = policies()
    wrong = []
    for each in permissions(StackUnderTest(on_lambda.stack, AwsClients())):
        resource = each.arn.replace(":::pixfleet-sources", f":::pixfleet-sources-{ACCOUNT}")
        resource = resource.replace(":::pixfleet-variants", f":::pixfleet-variants-{ACCOUNT}")
        request = Request(each.action, resource.replace("/*", "/_pixfleet/doctor"), (TLS,))
        allowing = [
            policy
            for policy, person in PEOPLE.items()
            if decide(request, rendered.statements(person, request)).is_allowed
        ]
        if allowing != each.policies:
            wrong.append((each.action, each.arn, allowing, each.policies))

    assert wrong == []


def test_status_names_calls_that_are_denied(pixfleet: RunCommand, denied: set[str]) -> None:
    denied |= {"DescribeAlarms", "GetMetricData"}

    document = pixfleet("status", "--json").document

    metrics, alarms = document["unseen"]
    assert metrics.startswith("Not read: metrics. You may not GetMetricData")
    assert alarms.startswith("Not read: alarms. You may not DescribeAlarms")


def test_a_wrong_finding_is_shown_with_its_remedy(
    pixfleet: RunCommand, clients: Clients, stack: LocalStack
) -> None:
    clients.s3.put_bucket_notification_configuration(
        Bucket=stack.sources_bucket, NotificationConfiguration={}
    )

    answer = pixfleet("doctor")

    assert answer.code == 3
    assert (
        "\u2717 trigger: pixfleet-sources notifies pixfleet-live of nothing\n  \u2192 "
        in answer.out
    )
    assert answer.out.rstrip().endswith("1 wrong, 0 could not be checked.")
