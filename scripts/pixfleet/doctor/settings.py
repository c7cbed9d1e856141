"""Whether the worker runs with the settings that Terraform wrote."""

from collections.abc import Iterator

from scripts.pixfleet.doctor.result import Finding, judged, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import Patient
from shared.model.errors import Misconfigured
from shared.settings import read_settings

AREA = "settings"


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of the worker's environment."""
    written = dict(patient.stack.environment)
    yield _usable("the stack's document", written)
    if not patient.stack.function:
        yield skipped(AREA, "no Lambda function: what a runner's environment holds is not seen")
        return
    told = patient.function.get("Environment", {}).get("Variables", {})
    real = {name: value for name, value in told.items() if name.startswith("PIXFLEET_")}
    yield _usable(f"function {patient.stack.function}", real)
    differing = sorted(
        name for name in written.keys() | real.keys() if written.get(name) != real.get(name)
    )
    named = ", ".join(
        f"{name} is {real.get(name)!r}, not {written.get(name)!r}" for name in differing
    )
    yield judged(
        AREA,
        not differing,
        named or "the function has the settings that Terraform wrote",
        "terraform apply; somebody has changed the function by hand, or its alias stayed behind",
    )


def _usable(whose: str, environment: dict[str, str]) -> Finding:
    try:
        read_settings(environment)
    except Misconfigured as refused:
        problems = "; ".join(refused.problems)
        return wrong(AREA, f"{whose}: {problems}", "mend them in Terraform, then apply")
    return Finding(AREA, f"those of {whose} can be used")
