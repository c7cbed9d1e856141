"""Reads a stack's CloudWatch alarms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

ON = "ALARM"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    `rule` is the alarm rule of a composite alarm, which names other alarms. `may_act` is whether
    its actions are enabled.
    """

    name: str
    state: str
    actions: tuple[str, ...]
    may_act: bool
    description: str = ""
    rule: str = ""

    @property
    def is_on(self) -> bool:
        """Return whether it is in the state ALARM."""
        return self.state == ON


def alarms_of(cloudwatch: "CloudWatchClient", prefix: str) -> list[Alarm]:
    """Return the alarms whose names begin with the stack's prefix, sorted by name."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{prefix}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    alarms = [
        Alarm(
            name=each["AlarmName"],
            state=each.get("StateValue", ""),
            actions=tuple(each.get("AlarmActions", ())),
            may_act=each.get("ActionsEnabled", True),
            description=each.get("AlarmDescription", ""),
            rule=str(each.get("AlarmRule", "")),
        )
        for page in pages
        for each in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    ]
    return sorted(alarms, key=lambda alarm: alarm.name)
