"""The doctor's findings about lanes that forward, over a fake of the functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec import structs

from scripts.pixfleet.doctor import lanes
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Lane, Size, Stack
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

ENVIRONMENT = {"PIXFLEET_LARGER_LANES": "live=p-large"}
STACK = Stack(
    schema=1,
    prefix="p",
    region="r",
    sources_bucket="s",
    variants_bucket="v",
    ledger_table="t",
    status_index="i",
    lanes={
        "live": Lane("p-live", larger="large"),
        "large": Lane("p-large", batch_size=1, size="large"),
    },
    dead_letter_queue="dead",
    recipes="s3://v/_recipes/r.json",
    environment=ENVIRONMENT,
    function="p-worker",
    sizes={
        "large": Size(
            "p-worker-large", "live", 8192, 900, environment={"PIXFLEET_CHILD_MEMORY_MB": "7682"}
        )
    },
)


@dataclass
class Subject(StackUnderTest):
    """A stack whose functions and queues are those of a test."""

    functions: dict[str, tuple[int, int]] = field(default_factory=dict)
    worker_environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)
    missing: tuple[str, ...] = ()

    def function_of(self, lane: str) -> Any:  # noqa: ANN401 - boto3's shape
        memory, seconds = self.functions[lane]
        variables = {
            **self.worker_environment,
            **({"PIXFLEET_CHILD_MEMORY_MB": "7682"} if lane == "large" else {}),
        }
        return {
            "MemorySize": memory,
            "Timeout": seconds,
            "Environment": {"Variables": variables},
        }

    def queue(self, name: str) -> Mapping[str, str]:
        if name in self.missing:
            raise self._no_queue()
        return {}

    def _no_queue(self) -> ClientError:
        return client_error("AWS.SimpleQueueService.NonExistentQueue")


def subject(stack: Stack = STACK, **changes: Any) -> Subject:  # noqa: ANN401 - passed through
    functions = {"live": (1769, 300), "large": (8192, 900)}
    return Subject(stack, AwsClients(), **{"functions": functions, **changes})


def bad(checked: Subject) -> list[str]:
    return [each.what for each in lanes.check(checked) if each.is_bad]


def test_a_chain_as_terraform_makes_it_is_well() -> None:
    findings = list(lanes.check(subject()))

    assert not [each for each in findings if each.is_bad]
    assert "live: live → large" in {each.what for each in findings}
    assert len(findings) == 6


def test_without_larger_lanes_there_is_nothing_to_say() -> None:
    alone = structs.replace(STACK, lanes={"live": Lane("p-live")}, sizes={})

    assert list(lanes.check(subject(alone))) == []


@pytest.mark.parametrize("back", ["live", "large"])
def test_a_circle_is_wrong(back: str) -> None:
    circle = {**STACK.lanes, "large": structs.replace(STACK.lanes["large"], larger=back)}

    (first, *_) = bad(subject(structs.replace(STACK, lanes=circle)))

    assert first == f"live: live → large → {back}"


def test_a_larger_lane_that_the_stack_does_not_have_is_wrong() -> None:
    lost = {"live": STACK.lanes["live"]}

    assert bad(subject(structs.replace(STACK, lanes=lost, sizes={}))) == [
        "live: there is no larger lane large"
    ]


def test_a_queue_that_does_not_exist_is_wrong() -> None:
    assert bad(subject(missing=("p-large",))) == [
        "live: the queue p-large of large does not exist"
    ]


@pytest.mark.parametrize("size", [(1769, 300), (8192, 200), (1024, 900)])
def test_a_larger_lane_whose_function_is_no_larger_is_wrong(size: tuple[int, int]) -> None:
    found = bad(subject(functions={"live": (1769, 300), "large": size}))

    assert f"live has 1769 MB and 300 s, large {size[0]} MB and {size[1]} s" in found


def test_a_worker_that_does_not_know_its_larger_lane_is_wrong() -> None:
    assert "live: PIXFLEET_LARGER_LANES is not set" in bad(subject(worker_environment={}))


def test_settings_of_a_size_that_were_changed_are_wrong() -> None:
    size = structs.replace(STACK.sizes["large"], environment={"PIXFLEET_CHILD_MEMORY_MB": "9000"})

    assert bad(subject(structs.replace(STACK, sizes={"large": size}))) == [
        "p-worker-large: PIXFLEET_CHILD_MEMORY_MB"
    ]
