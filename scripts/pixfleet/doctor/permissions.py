"""Whether the person may do what the commands do, tried with calls that change nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.result import Finding, Verdict, skipped
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.stack.access import is_denied

AREA = "permissions"
NOWHERE = "_pixfleet/doctor"
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Need:
    """One permission: what it is called, on what, who needs it, and a call that shows it."""

    action: str
    arn: str
    commands: str
    call: Callable[[], object]


def look(patient: Patient) -> Iterator[Finding]:
    """Yield a finding for each permission."""
    for need in (*_needs_of_data(patient), *_needs_of_parts(patient)):
        yield _tried(need)
    yield skipped(
        AREA,
        "what changes something is not tried: s3:PutObject, s3:DeleteObject, sqs:SendMessage, "
        "sqs:ReceiveMessage, sqs:DeleteMessage",
    )


def _tried(need: Need) -> Finding:
    try:
        need.call()
    except ClientError as refused:
        if is_denied(refused):
            remedy = f"allow {need.action} on {need.arn}; needed by {need.commands}"
            return Finding(AREA, f"{need.action} is denied", Verdict.WRONG, remedy)
        error = refused.response.get("Error", {})
        if error.get("Code", "") not in MISSING or not need.arn.endswith("/*"):
            told = f"{need.action}: {error.get('Code')}: {error.get('Message')}"
            remedy = f"look at {need.arn}; needed by {need.commands}"
            return Finding(AREA, told, Verdict.WRONG, remedy)
    return Finding(AREA, need.action)


def _needs_of_data(patient: Patient) -> Iterator[Need]:
    """Yield what reading sources, variants, messages and the ledger takes."""
    stack, clients = patient.stack, patient.clients
    for bucket in (stack.sources_bucket, stack.variants_bucket):
        arn = patient.arn("s3", bucket)
        yield Need(
            "s3:ListBucket",
            arn,
            "backfill, verify, plan",
            partial(clients.s3.list_objects_v2, Bucket=bucket, MaxKeys=1),
        )
        yield Need(
            "s3:GetObject",
            f"{arn}/*",
            "why, show, plan, drill",
            partial(clients.s3.head_object, Bucket=bucket, Key=NOWHERE),
        )
    for queue in (*(lane.queue for lane in stack.lanes.values()), stack.dead_letter_queue):
        yield Need(
            "sqs:GetQueueAttributes",
            patient.arn("sqs", queue),
            "status, dlq, backfill",
            partial(patient.queue, queue),
        )
    yield from _needs_of_ledger(patient)


def _needs_of_ledger(patient: Patient) -> Iterator[Need]:
    stack, dynamodb = patient.stack, patient.clients.dynamodb
    table = patient.arn("dynamodb", f"table/{stack.ledger_table}")
    yield Need(
        "dynamodb:GetItem",
        table,
        "why, verify, drill",
        lambda: dynamodb.get_item(TableName=stack.ledger_table, Key={"key": {"S": NOWHERE}}),
    )
    yield Need(
        "dynamodb:DescribeTable",
        table,
        "doctor",
        lambda: dynamodb.describe_table(TableName=stack.ledger_table),
    )
    yield Need(
        "dynamodb:Query",
        f"{table}/index/{stack.status_index}",
        "status, backfill, verify",
        lambda: dynamodb.query(
            TableName=stack.ledger_table,
            IndexName=stack.status_index,
            KeyConditionExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": "published"}},
            Limit=1,
        ),
    )


def _needs_of_parts(patient: Patient) -> Iterator[Need]:
    """Yield what looking at notifications, alarms, logs, the function and the edge takes."""
    stack, clients = patient.stack, patient.clients
    yield Need(
        "s3:GetBucketNotification",
        patient.arn("s3", stack.sources_bucket),
        "doctor",
        lambda: clients.s3.get_bucket_notification_configuration(Bucket=stack.sources_bucket),
    )
    yield Need(
        "cloudwatch:DescribeAlarms",
        patient.arn("cloudwatch", "alarm:*"),
        "status, doctor, drill",
        lambda: clients.cloudwatch.describe_alarms(AlarmNamePrefix=stack.prefix, MaxRecords=1),
    )
    if stack.log_group:
        yield Need(
            "logs:FilterLogEvents",
            patient.arn("logs", f"log-group:{stack.log_group}:*"),
            "why, dlq show",
            lambda: clients.logs.filter_log_events(logGroupName=stack.log_group, limit=1),
        )
    if stack.function:
        yield Need(
            "lambda:GetFunctionConfiguration",
            patient.arn("lambda", f"function:{stack.function}:{stack.function_alias}"),
            "doctor",
            lambda: patient.function,
        )
    yield from _needs_of_reports(patient)


def _needs_of_reports(patient: Patient) -> Iterator[Need]:
    stack, clients = patient.stack, patient.clients
    if stack.topic_arn:
        yield Need(
            "sns:ListSubscriptionsByTopic",
            stack.topic_arn,
            "doctor",
            lambda: clients.sns.list_subscriptions_by_topic(TopicArn=stack.topic_arn),
        )
    if (distribution := stack.distribution) is not None:
        yield Need(
            "cloudfront:GetDistribution",
            patient.arn("cloudfront", f"distribution/{distribution.id}"),
            "doctor, urls",
            lambda: clients.cloudfront.get_distribution(Id=distribution.id),
        )
