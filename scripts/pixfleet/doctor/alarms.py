"""Checks that alarms exist and notify somebody."""

from collections.abc import Iterator, Sequence

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.alarms import Alarm, alarms_of

AREA = "alarms"
PENDING = "PendingConfirmation"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about alarms, their actions and the topic's subscriptions."""
    stack = subject.stack
    alarms = alarms_of(subject.clients.cloudwatch, stack.prefix)
    if not alarms and not stack.topic_arn:
        yield skipped(AREA, "this stack has no alarms")
        return
    yield from _silent(alarms)
    if stack.topic_arn:
        yield from _topic(subject)
    alarms_on = [alarm.name for alarm in alarms if alarm.is_on]
    if alarms_on:
        yield wrong(
            AREA, f"on: {', '.join(alarms_on)}", "see docs/runbook.md, then `pixfleet status`"
        )


def _silent(alarms: Sequence[Alarm]) -> Iterator[Finding]:
    """Find alarms without an action, of their own or of a composite alarm that names them."""
    if not alarms:
        yield wrong(AREA, "no alarm exists", "terraform apply: nobody is notified now")
        return
    rules = " ".join(alarm.rule for alarm in alarms if alarm.rule and _acts(alarm))
    silent = [each.name for each in alarms if not _acts(each) and f'"{each.name}"' not in rules]
    yield ok_or_wrong(
        AREA,
        not silent,
        f"without an action: {', '.join(silent)}" if silent else f"all {len(alarms)} have actions",
        "aws cloudwatch enable-alarm-actions --alarm-names …, or terraform apply",
    )


def _acts(alarm: Alarm) -> bool:
    return bool(alarm.actions) and alarm.may_act


def _topic(subject: StackUnderTest) -> Iterator[Finding]:
    topic = subject.stack.topic_arn
    pages = subject.clients.sns.get_paginator("list_subscriptions_by_topic")
    subscriptions = [
        each for page in pages.paginate(TopicArn=topic) for each in page["Subscriptions"]
    ]
    pending = [each for each in subscriptions if each["SubscriptionArn"] == PENDING]
    yield ok_or_wrong(
        AREA,
        len(subscriptions) > len(pending),
        f"{len(subscriptions) - len(pending)} confirmed subscriptions of {topic}",
        f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint …, and "
        "confirm it by the link in the e-mail: nobody is notified of any alarm",
    )
    for each in pending:
        yield wrong(
            AREA,
            f"{each['Endpoint']} has not confirmed its subscription",
            f"open the link in the e-mail from AWS to {each['Endpoint']}",
        )
