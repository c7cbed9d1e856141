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

from shared.cloud.calls import CallLimits, Calls
from shared.cloud.errors import ConditionRefused, Missing, Unchanged, translated
from shared.cloud.time_limit import seconds_left
from shared.deadline import Deadline
from shared.model.errors import (
    AccessDenied,
    Failure,
    LedgerUnavailable,
    OutOfTime,
    PixfleetError,
    StorageUnavailable,
    Throttled,
    Transient,
    Unknown,
)
from tests.support.fakes import client_error
from worker.policy import CALL_LIMITS

pytestmark = pytest.mark.unit


class FakeTime:
    """A clock that goes on when something sleeps; nothing really waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.naps: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds


@pytest.fixture(name="time")
def _time() -> FakeTime:
    return FakeTime()


@pytest.fixture(name="calls")
def _calls(time: FakeTime) -> Calls:
    return Calls(CALL_LIMITS, Deadline.never(time), sleep=time.sleep)


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
def test_each_error_code_has_one_meaning(code: str) -> None:
    status, kind = CODES[code]

    with pytest.raises(PixfleetError) as caught:
        translated(Call(client_error(code, status)), stage="put")

    assert type(caught.value) is kind
    assert "said AWS" in str(caught.value)
    if isinstance(caught.value, Failure):
        assert caught.value.stage == "put"
        assert isinstance(caught.value, Transient)


@pytest.mark.parametrize("code", CODES)
def test_transient_errors_are_tried_four_times_and_all_others_once(
    calls: Calls, code: str
) -> None:
    status, kind = CODES[code]
    call = Call(*[client_error(code, status)] * 10)

    with pytest.raises(kind):
        calls.attempt(call, stage="put")

    assert CALL_LIMITS.attempts == 4
    assert call.count == (4 if kind in RETRIED else 1)


BOTOCORES_OWN = sorted(
    {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,  # type: ignore[attr-defined] # private
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,  # type: ignore[attr-defined] # private
    }
)


@pytest.mark.parametrize("code", BOTOCORES_OWN)
def test_every_error_that_botocore_would_retry_is_retried(calls: Calls, code: str) -> None:
    call = Call(client_error(code, 400))

    assert calls.attempt(call, stage="put") == "answer"
    assert call.count == 2


@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_an_answer_ends_the_retries(calls: Calls, failures: int, time: FakeTime) -> None:
    call = Call(*[client_error("SlowDown", 503)] * failures)

    assert calls.attempt(call, stage="put") == "answer"
    assert call.count == failures + 1
    assert len(time.naps) == failures


def test_a_server_error_of_dynamodb_is_ledger_unavailable() -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        translated(Call(client_error("InternalServerError", 500)), stage="ledger")

    assert caught.value.stage == "ledger"


def test_the_item_that_failed_a_condition_is_kept() -> None:
    item = {"claim_token": {"S": "another"}}

    with pytest.raises(ConditionRefused) as caught:
        translated(
            Call(client_error("ConditionalCheckFailedException", 400, Item=item)), stage="ledger"
        )

    assert caught.value.found == item


def test_an_error_without_a_code_is_unknown() -> None:
    with pytest.raises(Unknown):
        translated(Call(client_error("", 0)), stage="put")


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
def test_network_errors_are_retried_and_named(
    calls: Calls, make: Callable[[], Exception], stage: str, kind: type[Failure]
) -> None:
    error = make()
    call = Call(*[error] * 10)

    with pytest.raises(kind) as caught:
        calls.attempt(call, stage=stage)

    assert call.count == 4
    assert type(error).__name__ in caught.value.detail
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyError("Body")], ids=repr)
def test_an_error_of_our_own_code_is_not_translated(calls: Calls, error: Exception) -> None:
    call = Call(error)

    with pytest.raises(type(error)):
        calls.attempt(call, stage="put")

    assert call.count == 1


def test_missing_credentials_are_access_denied_and_not_an_outage(calls: Calls) -> None:
    with pytest.raises(AccessDenied):
        calls.attempt(Call(NoCredentialsError()), stage="fetch")


def test_nothing_is_repeated_after_the_process_was_frozen(time: FakeTime, calls: Calls) -> None:
    tries = []

    def frozen() -> None:
        tries.append(1)
        time.seconds += 3600
        raise client_error("SlowDown", 503)

    with pytest.raises(Throttled):
        calls.attempt(frozen, stage="put")

    assert len(tries) == 1


def test_waits_are_short_and_differ(calls: Calls, time: FakeTime) -> None:
    for _ in range(40):
        with pytest.raises(Throttled):
            calls.attempt(Call(*[client_error("SlowDown", 503)] * 4), stage="put")

    assert len(time.naps) == 40 * 3
    assert all(0 <= seconds <= 2 for seconds in time.naps)
    assert len(set(time.naps)) > 40


@pytest.mark.parametrize("tries_end_after", [[13, 13, 13], [8.4, 8.4, 13], [5.6, 5.6, 5.6, 13]])
def test_no_attempt_starts_that_could_outlast_the_call(
    calls: Calls,
    time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    tries_end_after: list[float],
) -> None:
    longest_wait = SimpleNamespace(uniform=lambda _low, high: high)
    monkeypatch.setattr(tenacity.wait, "random", longest_wait)
    began_at = time.seconds
    durations = iter(tries_end_after)

    def slow() -> str:
        time.seconds += next(durations)
        raise ReadTimeoutError(endpoint_url=URL)

    with pytest.raises(StorageUnavailable):
        calls.attempt(slow, stage="put")

    assert max(tries_end_after) == CALL_LIMITS.connect_seconds + CALL_LIMITS.read_seconds
    assert len(time.naps) > 0
    assert time.seconds - began_at <= CALL_LIMITS.call_seconds


def test_no_call_starts_that_could_end_after_the_deadline(calls: Calls, time: FakeTime) -> None:
    call = Call()
    late = calls.within(Deadline.after(CALL_LIMITS.call_seconds - 0.1, time))

    with pytest.raises(OutOfTime) as caught:
        late.attempt(call, stage="put")

    assert (call.count, caught.value.stage) == (0, "put")


def test_the_limits_of_a_client_set_bound_its_calls(time: FakeTime) -> None:
    limits = CallLimits(connect_seconds=1, read_seconds=3, attempts=2, call_seconds=8.0)
    calls = Calls(limits, Deadline.after(8, time), sleep=time.sleep)
    call = Call(*[client_error("SlowDown", 503)] * 10)

    with pytest.raises(Throttled):
        calls.attempt(call, stage="put")

    assert call.count == 2


def test_a_budget_bounds_all_calls_together(time: FakeTime, calls: Calls) -> None:
    bounded, left = calls.within_budget(40.0), list[float]()

    def slow() -> None:
        left.append(seconds_left())
        time.seconds += left[-1]

    for _ in range(2):
        bounded.attempt(slow, stage="ledger")
    with pytest.raises(OutOfTime):
        bounded.attempt(slow, stage="ledger")

    assert left == [CALL_LIMITS.call_seconds, 40.0 - CALL_LIMITS.call_seconds]


def test_a_budget_is_spent_by_calls_that_fail_too(time: FakeTime, calls: Calls) -> None:
    bounded = calls.within_budget(10.0)

    def failing() -> None:
        time.seconds += 10.0
        raise client_error("AccessDenied", 403)

    with pytest.raises(AccessDenied):
        bounded.attempt(failing, stage="ledger")
    with pytest.raises(OutOfTime):
        bounded.attempt(failing, stage="ledger")


def test_each_budget_is_one_of_its_own(time: FakeTime, calls: Calls) -> None:
    def slow() -> None:
        time.seconds += 10.0

    for _ in range(3):
        calls.within_budget(10.0).attempt(slow, stage="ledger")
    assert time.seconds == 1030.0
