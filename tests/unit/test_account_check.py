"""`pixfleet doctor`: the lanes against the account's quota of Lambda and against a new bucket."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.pixfleet.doctor.account import WORKERS_OF_A_NEW_BUCKET, check
from scripts.pixfleet.doctor.finding import FindingStatus
from scripts.pixfleet.stack.ssm_parameter import Lane
from tests.support.fakes import client_error
from tests.terraform.folders import STACK

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)


def subject(
    *workers: int,
    quota: int = 1_000,
    ages: tuple[timedelta, ...] = (),
    settings: Callable[[], Any] | None = None,
    renderers: int | None = None,
) -> Any:  # noqa: ANN401 - only what the check reads
    """Return a stack whose lanes have so many workers, and whose bucket has objects so old."""
    limit = {"AccountLimit": {"ConcurrentExecutions": quota}}
    objects = [{"LastModified": NOW - age} for age in ages]
    return SimpleNamespace(
        stack=SimpleNamespace(
            function="worker",
            variants_bucket="variants",
            lanes={
                f"lane{at}": Lane(f"queue{at}", maximum_concurrency=each)
                for at, each in enumerate(workers)
            },
            renderer=SimpleNamespace(reserved_concurrency=renderers) if renderers else None,
        ),
        clients=SimpleNamespace(
            s3=SimpleNamespace(list_objects_v2=lambda **_: {"Contents": objects}),
            functions=SimpleNamespace(get_account_settings=settings or (lambda: limit)),
        ),
    )


def test_the_default_lanes_fit_a_usual_account_and_a_new_bucket() -> None:
    assert {each.status for each in check(subject(50, 20))} == {FindingStatus.OK}


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ((), FindingStatus.WRONG),
        ((timedelta(hours=2),), FindingStatus.WRONG),
        ((timedelta(hours=2), timedelta(days=3)), FindingStatus.OK),
    ],
    ids=["empty", "of today", "in use"],
)
def test_more_workers_than_a_young_bucket_takes_are_wrong(
    ages: tuple[timedelta, ...], expected: FindingStatus
) -> None:
    bucket, _ = check(subject(550, 51, quota=5_000, ages=ages))

    assert bucket.status is expected
    assert "601 workers" in bucket.what


@pytest.mark.parametrize(("quota", "is_right"), [(179, False), (180, True)])
def test_an_account_must_have_the_sum_of_the_lanes_the_renderers_and_what_lambda_keeps(
    quota: int, *, is_right: bool
) -> None:
    _, concurrency = check(subject(50, 20, quota=quota, renderers=10))

    assert (concurrency.status is FindingStatus.OK) is is_right
    assert is_right or "request 180 " in concurrency.remedy


def test_a_quota_that_may_not_be_read_is_skipped_and_its_permission_named() -> None:
    def deny() -> None:
        raise client_error("AccessDeniedException", 403)

    _, concurrency = check(subject(50, settings=deny))

    assert concurrency.status is FindingStatus.SKIPPED
    assert "lambda:GetAccountSettings" in concurrency.what


def test_terraform_warns_of_the_same_number_of_workers() -> None:
    assert f"<= {WORKERS_OF_A_NEW_BUCKET}" in (STACK / "checks.tf").read_text()
