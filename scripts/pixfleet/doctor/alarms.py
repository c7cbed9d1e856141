"""Whether somebody is told when something is wrong."""

from collections.abc import Iterator, Sequence

from scripts.pixfleet.doctor.result import Finding, judged, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.stack.alarms import Alarm, alarms_of

AREA = "alarms"
PENDING = "PendingConfirmation"


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of alarms, their actions and the topic."""
    stack = patient.stack
    alarms = alarms_of(patient.clients.cloudwatch, stack.prefix)
    if not alarms and not stack.topic_arn:
        yield skipped(AREA, "this stack has none")
        return
    yield from _silent(alarms)
    if stack.topic_arn:
        yield from _topic(patient)
    ringing = [alarm.name for alarm in alarms if alarm.is_on]
    if ringing:
        yield wrong(
            AREA, f"on: {', '.join(ringing)}", "see docs/runbook.md, then `pixfleet status`"
        )


def _silent(alarms: Sequence[Alarm]) -> Iterator[Finding]:
    """Yield the alarms of which nobody would hear: no action of their own or of a composite."""
    if not alarms:
        yield wrong(AREA, "none exists", "terraform apply: nobody would be told of anything")
        return
    rules = " ".join(alarm.rule for alarm in alarms if alarm.rule and _speaks(alarm))
    silent = [each.name for each in alarms if not _speaks(each) and f'"{each.name}"' not in rules]
    yield judged(
        AREA,
        not silent,
        f"without any action: {', '.join(silent)}" if silent else f"all {len(alarms)} are heard",
        "aws cloudwatch enable-alarm-actions --alarm-names …, or terraform apply",
    )


def _speaks(alarm: Alarm) -> bool:
    return bool(alarm.actions) and alarm.may_act


def _topic(patient: Patient) -> Iterator[Finding]:
    topic = patient.stack.topic_arn
    pages = patient.clients.sns.get_paginator("list_subscriptions_by_topic")
    subscriptions = [
        each for page in pages.paginate(TopicArn=topic) for each in page["Subscriptions"]
    ]
    pending = [each for each in subscriptions if each["SubscriptionArn"] == PENDING]
    yield judged(
        AREA,
        len(subscriptions) > len(pending),
        f"{len(subscriptions) - len(pending)} confirmed subscriptions of {topic}",
        f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint …, and "
        "confirm it by the link in the e-mail: nobody is told of any alarm",
    )
    for each in pending:
        yield wrong(
            AREA,
            f"{each['Endpoint']} has not confirmed its subscription",
            f"open the link in the e-mail from AWS to {each['Endpoint']}",
        )
