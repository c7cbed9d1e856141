import pytest

from scripts.local.edge.cache_control import directives, explicit_seconds, seconds_of
from scripts.local.edge.messages import Response
from tests.unit.edge.fakes import START

NOON = "Fri, 15 Jan 2027 12:00:00 GMT"
ONE_O_CLOCK = "Fri, 15 Jan 2027 13:00:00 GMT"


def test_directives_have_no_case_and_no_quotes() -> None:
    assert directives('Public, MAX-AGE="60" , no-cache="set-cookie",,') == {
        "public": "",
        "max-age": "60",
        "no-cache": "set-cookie",
    }


def test_the_first_of_two_equal_directives_counts() -> None:
    assert directives("max-age=1, max-age=2") == {"max-age": "1"}


@pytest.mark.parametrize("argument", ["", "-1", "1.5", "ten", "\u0661"])
def test_only_a_whole_number_is_a_number_of_seconds(argument: str) -> None:
    assert seconds_of({"max-age": argument}, "max-age") is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"cache-control": "public"}, None, id="no-number"),
        pytest.param({"cache-control": "max-age=5"}, 5, id="max-age"),
        pytest.param({"cache-control": "max-age=5, s-maxage=7"}, 7, id="s-maxage-first"),
        pytest.param({"cache-control": "max-age=5", "expires": ONE_O_CLOCK}, 5, id="over-expires"),
        pytest.param({"date": NOON, "expires": ONE_O_CLOCK}, 3600, id="expires-after-date"),
        pytest.param({"date": ONE_O_CLOCK, "expires": NOON}, 0, id="expired"),
        pytest.param({"expires": "0"}, 0, id="expires-is-no-date"),
    ],
)
def test_how_long_a_response_says_it_may_be_used(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert explicit_seconds(Response(200, headers), START) == seconds


def test_expires_without_date_counts_from_now() -> None:
    at_noon = 1_800_014_400.0

    assert explicit_seconds(Response(200, {"expires": ONE_O_CLOCK}), at_noon) == 3600
