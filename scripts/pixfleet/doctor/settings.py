"""Checks that the worker runs with the settings that Terraform wrote."""

from collections.abc import Iterator

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from shared.model.errors import Misconfigured
from shared.settings import read_settings

AREA = "settings"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about the worker's environment variables."""
    expected = dict(subject.stack.environment)
    yield _usable("the stack's document", expected)
    if not subject.stack.function:
        yield skipped(AREA, "no Lambda function: the environment of a runner cannot be read")
        return
    variables = subject.function.get("Environment", {}).get("Variables", {})
    actual = {name: value for name, value in variables.items() if name.startswith("PIXFLEET_")}
    yield _usable(f"function {subject.stack.function}", actual)
    differing = sorted(
        name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name)
    )
    what = ", ".join(
        f"{name} is {actual.get(name)!r}, not {expected.get(name)!r}" for name in differing
    )
    yield ok_or_wrong(
        AREA,
        not differing,
        what or "the function has the settings that Terraform wrote",
        "terraform apply: the function was changed by hand, or its alias has an older version",
    )


def _usable(whose: str, environment: dict[str, str]) -> Finding:
    try:
        read_settings(environment)
    except Misconfigured as refused:
        problems = "; ".join(refused.problems)
        return wrong(AREA, f"{whose}: {problems}", "correct them in Terraform, then apply")
    return Finding(AREA, f"the settings of {whose} can be used")
