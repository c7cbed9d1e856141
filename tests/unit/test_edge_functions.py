"""The doctor's comparison of the LIVE edge functions with what was applied."""

from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.pixfleet.doctor.edge_functions import check
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import Distribution, EdgeFunction
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit

NAME = "pixfleet-viewer-request"
OLD, NEW = b"function handler(old) {}", b"function handler(new) {}"


@dataclass
class CloudFront:
    """Two stages of one function."""

    code: dict[str, bytes] = field(default_factory=dict)

    def get_function(self, *, Name: str, Stage: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if Name != NAME or Stage not in self.code:
            raise client_error("NoSuchFunctionExists", 404)
        return {"FunctionCode": BytesIO(self.code[Stage]), "ETag": f"E{Stage}"}


def found(applied: bytes, **code: bytes) -> Finding:
    functions = {"viewer-request": EdgeFunction(NAME, sha256(applied).hexdigest())}
    distribution = Distribution("E1", "https://d.example", functions=functions)
    return checked(distribution, CloudFront(code))


def checked(distribution: Distribution | None, cloudfront: CloudFront) -> Finding:
    subject = StackUnderTest(
        cast("Any", SimpleNamespace(distribution=distribution)),
        cast("Any", SimpleNamespace(cloudfront=cloudfront)),
    )
    (finding,) = check(subject)
    return finding


def test_live_code_that_was_applied_is_right() -> None:
    finding = found(NEW, LIVE=NEW, DEVELOPMENT=NEW)

    assert finding.status is FindingStatus.OK
    assert finding.what == f"{NAME} runs the code of the applied recipes"


@pytest.mark.parametrize("live", [{"LIVE": OLD}, {}], ids=["old code", "no code"])
def test_code_that_was_not_published_is_wrong_and_the_remedy_publishes_it(
    live: dict[str, bytes],
) -> None:
    finding = found(NEW, DEVELOPMENT=NEW, **live)

    assert finding.status is FindingStatus.WRONG
    assert finding.remedy == (
        f"aws cloudfront publish-function --name {NAME} --if-match EDEVELOPMENT"
    )


def test_an_apply_that_stopped_before_it_wrote_the_stack_document_is_wrong() -> None:
    finding = found(OLD, LIVE=OLD, DEVELOPMENT=NEW)

    assert finding.status is FindingStatus.WRONG
    assert finding.remedy == "terraform apply"


@pytest.mark.parametrize(
    "code", [{}, {"LIVE": OLD, "DEVELOPMENT": OLD}], ids=["no function", "other code"]
)
def test_code_that_nobody_applied_is_wrong(code: dict[str, bytes]) -> None:
    finding = found(NEW, **code)

    assert finding.status is FindingStatus.WRONG
    assert finding.remedy == "terraform apply"


def test_a_stack_without_edge_or_without_hashes_is_skipped() -> None:
    without_hashes = Distribution("E1", "https://d.example")

    assert checked(None, CloudFront()).status is FindingStatus.SKIPPED
    assert checked(without_hashes, CloudFront()).status is FindingStatus.SKIPPED
