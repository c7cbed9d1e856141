"""Checks the chain of larger lanes: queues, functions and settings."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.access import is_denied
from scripts.pixfleet.stack.ssm_parameter import Size

AREA = "lanes"
APPLY = "terraform apply: it was changed by hand"
LARGER_LANES = "PIXFLEET_LARGER_LANES"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about each lane that has a larger one, and about the functions of sizes."""
    for name, lane in subject.stack.lanes.items():
        if lane.larger:
            yield from _pair(subject, name, lane.larger)
    for name, size in subject.stack.sizes.items():
        yield from _size(subject, name, size)


def _pair(subject: StackUnderTest, name: str, larger: str) -> Iterator[Finding]:
    stack = subject.stack
    if larger not in stack.lanes:
        yield wrong(AREA, f"{name}: there is no larger lane {larger}", APPLY)
        return
    chain = stack.lanes_from(name)
    above = stack.lanes[chain[-1]].larger
    yield ok_or_wrong(
        AREA,
        not above,
        f"{name}: {' → '.join((*chain, above) if above else chain)}",
        f"leave `larger` out of {chain[-1]}: what no lane can render would be forwarded for ever",
    )
    yield _queue(subject, name, larger)
    if not stack.function:
        yield skipped(AREA, f"{name}: no Lambda functions to compare; the workers are runners")
        return
    sizes = [
        (found["MemorySize"], found["Timeout"])
        for found in (subject.function_of(each) for each in (name, larger))
    ]
    (memory, seconds), (more_memory, more_seconds) = sizes
    is_larger = more_memory >= memory and more_seconds >= seconds and sizes[0] != sizes[1]
    yield ok_or_wrong(
        AREA,
        is_larger,
        f"{name} has {memory} MB and {seconds} s, {larger} {more_memory} MB and {more_seconds} s",
        f"raise memory_mb or timeout_seconds of {larger}: it would fail at the same sources",
    )
    variables = subject.function_of(name).get("Environment", {}).get("Variables", {})
    expected = f"{name}={stack.lanes[larger].queue}"
    yield ok_or_wrong(
        AREA,
        expected in variables.get(LARGER_LANES, "").split(","),
        f"{name}: {LARGER_LANES} is {variables.get(LARGER_LANES, 'not set')}",
        f"{APPLY}; expected {expected} among it, or the worker rejects what {larger} can render",
    )


def _queue(subject: StackUnderTest, name: str, larger: str) -> Finding:
    queue = subject.stack.lanes[larger].queue
    try:
        subject.queue(queue)
    except ClientError as refused:
        if is_denied(refused):
            raise
        return wrong(AREA, f"{name}: the queue {queue} of {larger} does not exist", APPLY)
    return Finding(AREA, f"{name}: what it cannot render goes to {queue}")


def _size(subject: StackUnderTest, name: str, size: Size) -> Iterator[Finding]:
    lane = next(lane for lane, each in subject.stack.lanes.items() if each.size == name)
    found = subject.function_of(lane)
    actual, expected = (
        (found["MemorySize"], found["Timeout"]),
        (size.memory_mb, size.timeout_seconds),
    )
    yield ok_or_wrong(
        AREA,
        actual == expected,
        "{} has {} MB and {} s".format(size.function, *actual),
        "{}; expected {} MB and {} s".format(APPLY, *expected),
    )
    variables = found.get("Environment", {}).get("Variables", {})
    wanted = subject.stack.environment_of(lane)
    differing = sorted(each for each in wanted if variables.get(each) != wanted[each])
    yield ok_or_wrong(
        AREA,
        not differing,
        f"{size.function}: {', '.join(differing) or 'it has the settings that Terraform wrote'}",
        f"{APPLY}; these settings differ from those of the stack's document",
    )
