"""Tries the permissions that the commands need, with calls that change nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.finding import Finding, FindingStatus, skipped
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.access import is_denied
from scripts.pixfleet.stack.access_policies import Policy, policies_with
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.entry import PUBLISHED

AREA = "permissions"
MISSING_KEY = "_pixfleet/doctor"
NOT_FOUND = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission: action, resource, the commands that need it, and a call that tries it."""

    action: str
    arn: str
    commands: str
    call: Callable[[], object]

    @property
    def policies(self) -> Sequence[Policy]:
        """Return the policies of the stack that allow it."""
        return policies_with(self.commands.split(", "))

    @property
    def remedy(self) -> str:
        """Return what to do if it is missing."""
        outputs = " and ".join(each.value for each in self.policies)
        verb = "allows" if len(self.policies) == 1 else "allow"
        return (
            f"allow {self.action} on {self.arn}; needed by {self.commands}; of the policies for "
            f"people (docs/access.md) {outputs} {verb} it"
        )


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield a finding for each permission."""
    for permission in permissions(subject):
        yield _try(permission)
    yield skipped(
        AREA,
        "actions that change something are not tried: s3:PutObject and s3:DeleteObject on sources "
        f"(the policy {Policy.UPLOADER} allows them), sqs:ReceiveMessage "
        f"({Policy.ON_CALL_READER}), sqs:SendMessage, sqs:DeleteMessage and dynamodb:UpdateItem "
        f"({Policy.ON_CALL_REDRIVER})",
    )


def permissions(subject: StackUnderTest) -> Iterator[Permission]:
    """Yield each permission that can be tried without changing something."""
    yield from _data_permissions(subject)
    yield from _part_permissions(subject)


def _try(permission: Permission) -> Finding:
    needed_by = f"needed by {permission.commands}"
    try:
        permission.call()
    except ClientError as refused:
        if is_denied(refused):
            what = f"{permission.action} is denied"
            return Finding(AREA, what, FindingStatus.WRONG, permission.remedy)
        error = refused.response.get("Error", {})
        if error.get("Code", "") not in NOT_FOUND or not permission.arn.endswith("/*"):
            what = f"{permission.action}: {error.get('Code')}: {error.get('Message')}"
            remedy = f"check {permission.arn}; {needed_by}"
            return Finding(AREA, what, FindingStatus.WRONG, remedy)
    return Finding(AREA, permission.action)


def _data_permissions(subject: StackUnderTest) -> Iterator[Permission]:
    """Yield the permissions to read sources, variants, queues and the ledger."""
    stack, clients = subject.stack, subject.clients
    for bucket, listing, reading in (
        (
            stack.sources_bucket,
            "sync, backfill upload, backfill enqueue, verify, plan",
            "sync, backfill upload, show, plan",
        ),
        (stack.variants_bucket, "verify", "why, show, drill"),
    ):
        arn = subject.arn("s3", bucket)
        yield Permission(
            "s3:ListBucket",
            arn,
            listing,
            partial(clients.s3.list_objects_v2, Bucket=bucket, MaxKeys=1),
        )
        yield Permission(
            "s3:GetObject",
            f"{arn}/*",
            reading,
            partial(clients.s3.head_object, Bucket=bucket, Key=MISSING_KEY),
        )
    lanes = (lane.queue for lane in stack.lanes.values())
    counting = dict.fromkeys((*lanes, stack.dead_letter_queue), "status, sync, backfill upload")
    if stack.purge:
        counting[stack.purge.queue] = "status"
    for queue, commands in counting.items():
        yield Permission(
            "sqs:GetQueueAttributes",
            subject.arn("sqs", queue),
            commands,
            partial(subject.queue, queue),
        )
    yield from _ledger_permissions(subject)


def _ledger_permissions(subject: StackUnderTest) -> Iterator[Permission]:
    stack, dynamodb = subject.stack, subject.clients.dynamodb
    table = subject.arn("dynamodb", f"table/{stack.ledger_table}")
    yield Permission(
        "dynamodb:GetItem",
        table,
        "why, verify, drill",
        lambda: dynamodb.get_item(TableName=stack.ledger_table, Key={"key": {"S": MISSING_KEY}}),
    )
    yield Permission(
        "dynamodb:DescribeTable",
        table,
        "doctor",
        lambda: dynamodb.describe_table(TableName=stack.ledger_table),
    )
    yield Permission(
        "dynamodb:Query",
        f"{table}/index/{stack.status_index}",
        "status, sync, backfill upload, verify",
        lambda: dynamodb.query(
            TableName=stack.ledger_table,
            IndexName=stack.status_index,
            KeyConditionExpression=f"{STATUS_SHARD} = :shard",
            ExpressionAttributeValues={":shard": {"S": status_shard(PUBLISHED, MISSING_KEY)}},
            Limit=1,
        ),
    )


def _part_permissions(subject: StackUnderTest) -> Iterator[Permission]:
    """Yield the permissions to read notifications, alarms, logs, function and distribution."""
    stack, clients = subject.stack, subject.clients
    yield Permission(
        "s3:GetBucketNotification",
        subject.arn("s3", stack.sources_bucket),
        "doctor",
        lambda: clients.s3.get_bucket_notification_configuration(Bucket=stack.sources_bucket),
    )
    yield from (
        Permission(
            "s3:GetBucketLocation",
            subject.arn("s3", bucket),
            "doctor",
            partial(clients.s3.get_bucket_location, Bucket=bucket),
        )
        for bucket in (stack.sources_bucket, stack.variants_bucket)
    )
    yield Permission(
        "cloudwatch:DescribeAlarms",
        subject.arn("cloudwatch", "alarm:*"),
        "status, doctor, drill",
        lambda: clients.cloudwatch.describe_alarms(AlarmNamePrefix=stack.prefix, MaxRecords=1),
    )
    for log_group in stack.log_groups:
        yield Permission(
            "logs:FilterLogEvents",
            subject.arn("logs", f"log-group:{log_group}:*"),
            "why, dlq show, doctor",
            partial(clients.logs.filter_log_events, logGroupName=log_group, limit=1),
        )
    if stack.function:
        yield Permission(
            "lambda:GetFunctionConfiguration",
            subject.arn("lambda", f"function:{stack.function}:{stack.function_alias}"),
            "doctor",
            lambda: subject.function,
        )
    for lane in stack.lanes:
        if size := stack.size_of(lane):
            yield Permission(
                "lambda:GetFunctionConfiguration",
                subject.arn("lambda", f"function:{size.function}:{size.function_alias}"),
                "doctor",
                partial(subject.function_of, lane),
            )
    yield from _edge_permissions(subject)


def _edge_permissions(subject: StackUnderTest) -> Iterator[Permission]:
    stack, clients = subject.stack, subject.clients
    if stack.topic_arn:
        yield Permission(
            "sns:ListSubscriptionsByTopic",
            stack.topic_arn,
            "doctor",
            lambda: clients.sns.list_subscriptions_by_topic(TopicArn=stack.topic_arn),
        )
    if (distribution := stack.distribution) is not None:
        yield Permission(
            "cloudfront:GetDistribution",
            subject.arn("cloudfront", f"distribution/{distribution.id}"),
            "doctor, urls",
            lambda: clients.cloudfront.get_distribution(Id=distribution.id),
        )
        for function in distribution.functions.values():
            yield Permission(
                "cloudfront:GetFunction",
                subject.arn("cloudfront", f"function/{function.name}"),
                "doctor",
                partial(clients.cloudfront.get_function, Name=function.name, Stage="LIVE"),
            )
