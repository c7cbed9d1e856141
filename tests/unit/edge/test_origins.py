import pytest

from scripts.local.edge.messages import Failure, Request, Response
from scripts.local.edge.origins import Origin, with_attempts, with_failover
from tests.unit.edge.fakes import FakeOrigin, picture, run

LOST = Response(502, failure=Failure.NO_CONNECTION)
LATE = Response(504, failure=Failure.TIMED_OUT)
MADE = picture(body=b"made")


async def failed_over(
    first: Response, codes: set[int], method: str = "GET"
) -> tuple[Response, FakeOrigin]:
    second = FakeOrigin(MADE)
    response = await with_failover(
        FakeOrigin(first), second, frozenset(codes), Request(method, "/a.jpg", "v=1")
    )
    return response, second


@pytest.mark.parametrize(
    ("first", "codes"),
    [
        pytest.param(Response(403), {403, 404}, id="403"),
        pytest.param(Response(404), {403, 404}, id="404"),
        pytest.param(LOST, {503}, id="no-connection-counts-as-503"),
        pytest.param(LATE, {504}, id="time-out-counts-as-504"),
    ],
)
def test_the_second_origin_gets_the_same_request_on_a_code_of_the_group(
    first: Response, codes: set[int]
) -> None:
    async def scenario() -> None:
        response, second = await failed_over(first, codes)

        assert response == MADE
        assert second.requests == [Request("GET", "/a.jpg", "v=1")]

    run(scenario)


@pytest.mark.parametrize(
    ("first", "codes"),
    [
        pytest.param(Response(503), {403, 404}, id="503"),
        pytest.param(Response(200), {403, 404}, id="found"),
        pytest.param(Response(302), {403, 404}, id="redirect"),
        pytest.param(LOST, {502, 504}, id="no-connection"),
        pytest.param(LATE, {403, 503}, id="time-out"),
    ],
)
def test_the_first_origin_answers_if_its_status_is_no_code_of_the_group(
    first: Response, codes: set[int]
) -> None:
    async def scenario() -> None:
        response, second = await failed_over(first, codes)

        assert response == first
        assert second.requests == []

    run(scenario)


@pytest.mark.parametrize(
    ("method", "asked"), [("GET", 1), ("HEAD", 1), ("OPTIONS", 1), ("POST", 0), ("PUT", 0)]
)
def test_only_get_head_and_options_fail_over(method: str, asked: int) -> None:
    async def scenario() -> None:
        _, second = await failed_over(Response(403), {403}, method)

        assert len(second.requests) == asked

    run(scenario)


def test_an_error_of_the_second_origin_is_the_answer() -> None:
    async def scenario() -> None:
        second = FakeOrigin(Response(503))
        response = await with_failover(
            FakeOrigin(Response(403)), second, frozenset({403, 503}), Request("GET", "/a.jpg")
        )

        assert response.status == 503
        assert len(second.requests) == 1

    run(scenario)


@pytest.mark.parametrize(
    ("response", "method", "attempts", "asked"),
    [
        pytest.param(LATE, "GET", 3, 3, id="time-out"),
        pytest.param(LOST, "HEAD", 3, 3, id="no-connection"),
        pytest.param(LATE, "GET", 1, 1, id="one-attempt"),
        pytest.param(LATE, "POST", 3, 1, id="post"),
        pytest.param(Response(503), "GET", 3, 1, id="an-error-is-a-response"),
        pytest.param(Response(504), "GET", 3, 1, id="a-504-of-the-origin-is-one"),
    ],
)
def test_an_origin_that_sends_no_response_is_asked_again(
    response: Response, method: str, attempts: int, asked: int
) -> None:
    async def scenario() -> None:
        origin = FakeOrigin(response)
        found = await with_attempts(Origin("s3", attempts), origin, Request(method, "/a.jpg"))

        assert found == response
        assert len(origin.requests) == asked

    run(scenario)
