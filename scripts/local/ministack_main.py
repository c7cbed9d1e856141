"""Runs MiniStack in its own virtual environment, with two of its answers put right.

Without that a plan over the stack would never be empty, and the bucket policy that we ship could
not be applied. It reaches into MiniStack 1.5.33, which our lock file pins; a newer one may need
less of it. Started with `python -P`, or `ministack.py` beside this file would be taken for it.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace, tostring

NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
MEMBER = f"{{{NAMESPACE}}}member"
NAME = f"{{{NAMESPACE}}}AlarmName"
OK = 200
OF_EVERY_ALARM = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "InsufficientDataActions"),
    *("OKActions", "TreatMissingData"),
)
# Of an alarm on metric math it makes up all of these.
OF_ONE_METRIC = ("Dimensions", "Period")

Answer = tuple[int, dict[str, str], bytes]


def whole_alarms(describe: Callable[..., Answer], alarms: Any) -> Callable[..., Answer]:  # noqa: ANN401 - MiniStack's
    """Return DescribeAlarms that tells in XML, too, what it knows of an alarm.

    In JSON it does. `alarms` returns the alarm of a name.
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


def main() -> None:
    """Mend MiniStack and run it."""
    # Any: not installed where types are checked.
    cloudwatch: Any = import_module("ministack.services.cloudwatch")
    cloudwatch._describe_alarms = whole_alarms(  # noqa: SLF001 - there is no other way in
        cloudwatch._describe_alarms,  # noqa: SLF001
        lambda name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name),  # noqa: SLF001
    )
    # CloudFront asks S3 over TLS, and MiniStack in its own process; so it would refuse itself what
    # a policy keeps from requests without TLS. It looks at policies in few other places.
    evaluator: Any = import_module("ministack.core.iam_evaluator")
    evaluator._request_origin = ContextVar("origin", default=("127.0.0.1", True))  # noqa: SLF001
    import_module("ministack.app").main()


def _complete(member: Element, alarm: Mapping[str, object]) -> None:
    wanted = list(OF_EVERY_ALARM)
    if alarm.get("MetricName"):
        wanted += OF_ONE_METRIC
        # It also makes up an average where a percentile is asked for.
        wanted.append("ExtendedStatistic" if alarm.get("ExtendedStatistic") else "Statistic")
    for name in wanted:
        if alarm.get(name) is not None:
            _write(SubElement(member, f"{{{NAMESPACE}}}{name}"), alarm[name])


def _write(element: Element, value: object) -> None:
    """Write a value as AWS's query protocol does."""
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
