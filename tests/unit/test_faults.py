from collections.abc import Callable
from types import SimpleNamespace

import pytest
import tenacity
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from urllib3.exceptions import ProtocolError

from shared.cloud import errors as faults
from shared.cloud.clients import CALL_SECONDS, CONNECT_SECONDS, READ_SECONDS
from shared.cloud.errors import ATTEMPTS, ConditionRefused, Missing, Unchanged, attempt, once
from shared.model.errors import (
    AccessDenied,
    Failure,
    LedgerUnavailable,
    PixfleetError,
    StorageUnavailable,
    Throttled,
    Transient,
    Unknown,
)
from tests.support.fakes import client_error

pytestmark = pytest.mark.unit


class FakeTime:
    """The time by which tenacity waits: nobody sleeps, the clock goes on."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds


@pytest.fixture(name="time", autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr(tenacity, "time", time)
    monkeypatch.setattr(tenacity.nap, "time", time)
    monkeypatch.setattr(faults, "time", time)
    return time


class Call:
    """A call to AWS that raises these errors, one after the other, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self._errors:
            raise self._errors.pop(0)
        return "answer"


# What S3, SQS, DynamoDB and KMS say, with the status they say it with.
CODES: dict[str, tuple[int, type[PixfleetError]]] = {
    "304": (304, Unchanged),
    "404": (404, Missing),
    "NoSuchKey": (404, Missing),
    "NoSuchBucket": (404, StorageUnavailable),
    "AWS.SimpleQueueService.NonExistentQueue": (400, StorageUnavailable),
    "QueueDoesNotExist": (400, StorageUnavailable),
    "ResourceNotFoundException": (400, LedgerUnavailable),
    "412": (412, ConditionRefused),
    "PreconditionFailed": (412, ConditionRefused),
    "ConditionalCheckFailedException": (400, ConditionRefused),
    "ConditionalRequestConflict": (409, StorageUnavailable),
    "403": (403, AccessDenied),
    "AccessDenied": (403, AccessDenied),
    "AccessDeniedException": (400, AccessDenied),
    "KMS.AccessDeniedException": (400, AccessDenied),
    "ExpiredToken": (400, AccessDenied),
    "InvalidAccessKeyId": (403, AccessDenied),
    "SignatureDoesNotMatch": (403, AccessDenied),
    "SlowDown": (503, Throttled),
    "503": (503, Throttled),
    "Throttling": (400, Throttled),
    "ThrottlingException": (400, Throttled),
    "RequestThrottled": (403, Throttled),
    "RequestLimitExceeded": (503, Throttled),
    "ProvisionedThroughputExceededException": (400, Throttled),
    "InternalError": (500, StorageUnavailable),
    "ServiceUnavailable": (503, StorageUnavailable),
    "500": (500, StorageUnavailable),
    "ValidationException": (400, Unknown),
    "InvalidArgument": (400, Unknown),
}
RETRIED = {Throttled, StorageUnavailable, LedgerUnavailable}


@pytest.mark.parametrize("code", CODES)
def test_what_aws_says_has_one_meaning(code: str) -> None:
    status, kind = CODES[code]

    with pytest.raises(PixfleetError) as caught:
        once(Call(client_error(code, status)), stage="put")

    assert type(caught.value) is kind
    assert "said AWS" in str(caught.value)
    if isinstance(caught.value, Failure):
        assert caught.value.stage == "put"
        assert isinstance(caught.value, Transient)


@pytest.mark.parametrize("code", CODES)
def test_what_may_pass_is_tried_four_times_and_all_else_once(code: str) -> None:
    status, kind = CODES[code]
    call = Call(*[client_error(code, status)] * 10)

    with pytest.raises(kind):
        attempt(call, stage="put")

    assert ATTEMPTS == 4
    assert call.count == (4 if kind in RETRIED else 1)


BOTOCORES_OWN = sorted(
    {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,  # type: ignore[attr-defined] # private
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,  # type: ignore[attr-defined] # private
    }
)


@pytest.mark.parametrize("code", BOTOCORES_OWN)
def test_what_botocore_would_retry_we_retry_for_it(code: str) -> None:
    call = Call(client_error(code, 400))

    assert attempt(call, stage="put") == "answer"
    assert call.count == 2


@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_an_answer_ends_the_tries(failures: int, time: FakeTime) -> None:
    call = Call(*[client_error("SlowDown", 503)] * failures)

    assert attempt(call, stage="put") == "answer"
    assert call.count == failures + 1
    assert len(time.naps) == failures


def test_a_server_error_of_the_ledger_is_the_ledgers() -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        once(Call(client_error("InternalServerError", 500)), stage="ledger")

    assert caught.value.stage == "ledger"


def test_the_item_that_refused_a_condition_comes_along() -> None:
    item = {"claim_token": {"S": "another"}}

    with pytest.raises(ConditionRefused) as caught:
        once(Call(client_error("ConditionalCheckFailedException", 400, Item=item)), stage="ledger")

    assert caught.value.found == item


def test_an_error_without_a_code_is_unknown() -> None:
    with pytest.raises(Unknown):
        once(Call(client_error("", 0)), stage="put")


URL = "https://sources.s3.amazonaws.com/"
NETWORK: dict[str, Callable[[], Exception]] = {
    "refused": lambda: EndpointConnectionError(endpoint_url=URL),
    "no connection": lambda: ConnectTimeoutError(endpoint_url=URL),
    "no answer": lambda: ReadTimeoutError(endpoint_url=URL),
    "cut body": lambda: IncompleteReadError(actual_bytes=1, expected_bytes=2),
    "broken stream": lambda: ResponseStreamingError(error="reset"),
    "urllib3's own": lambda: ProtocolError("connection broken"),
}


@pytest.mark.parametrize("make", NETWORK.values(), ids=NETWORK.keys())
@pytest.mark.parametrize(
    ("stage", "kind"), [("fetch", StorageUnavailable), ("ledger", LedgerUnavailable)]
)
def test_trouble_on_the_way_is_retried_and_named(
    make: Callable[[], Exception], stage: str, kind: type[Failure]
) -> None:
    error = make()
    call = Call(*[error] * 10)

    with pytest.raises(kind) as caught:
        attempt(call, stage=stage)

    assert call.count == 4
    assert type(error).__name__ in caught.value.detail
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyError("Body")], ids=repr)
def test_a_bug_of_ours_is_not_dressed_up_as_trouble(error: Exception) -> None:
    call = Call(error)

    with pytest.raises(type(error)):
        attempt(call, stage="put")

    assert call.count == 1


def test_missing_credentials_are_a_refusal_and_not_an_outage() -> None:
    with pytest.raises(AccessDenied):
        attempt(Call(NoCredentialsError()), stage="fetch")


def test_nothing_is_repeated_after_the_process_was_frozen(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def frozen() -> None:
        calls.append(1)
        time.seconds += 3600  # the clock on the wall goes on while tenacity's stands still
        raise client_error("SlowDown", 503)

    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)

    with pytest.raises(Throttled):
        attempt(frozen, stage="put")

    assert len(calls) == 1


def test_waits_are_short_and_differ(time: FakeTime) -> None:
    for _ in range(40):
        with pytest.raises(Throttled):
            attempt(Call(*[client_error("SlowDown", 503)] * 4), stage="put")

    assert len(time.naps) == 40 * 3
    assert all(0 <= seconds <= 2 for seconds in time.naps)
    assert len(set(time.naps)) > 40


@pytest.mark.parametrize("tries_end_after", [[13, 13, 13], [8.4, 8.4, 13], [5.6, 5.6, 5.6, 13]])
def test_no_try_starts_that_could_outlast_the_call(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch, tries_end_after: list[float]
) -> None:
    longest_wait = SimpleNamespace(uniform=lambda _low, high: high)
    monkeypatch.setattr(tenacity.wait, "random", longest_wait)
    began_at = time.seconds
    durations = iter(tries_end_after)

    def slow() -> str:
        time.seconds += next(durations)
        raise ReadTimeoutError(endpoint_url=URL)

    with pytest.raises(StorageUnavailable):
        attempt(slow, stage="put")

    assert max(tries_end_after) == CONNECT_SECONDS + READ_SECONDS
    assert len(time.naps) > 0
    assert time.seconds - began_at <= CALL_SECONDS
