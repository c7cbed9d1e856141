"""The purge function's environment, and every problem of it at once."""

import pytest

from shared.model.errors import Misconfigured
from worker.purge.settings import PurgeSettings, read_purge_settings

pytestmark = pytest.mark.unit

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/photos-purge"
GOOD = {
    "PIXFLEET_FLEET": "photos",
    "PIXFLEET_DISTRIBUTION_ID": "E2EXAMPLE1",
    "PIXFLEET_PURGE_QUEUE": URL,
    "PIXFLEET_SERVING_TABLE": "photos-serving",
}


def test_the_budget_is_what_cloudfront_gives_for_nothing() -> None:
    assert read_purge_settings(GOOD) == PurgeSettings(
        "photos", "E2EXAMPLE1", URL, "photos-serving", 1000, "json"
    )


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(Misconfigured) as refused:
        read_purge_settings({**GOOD, "PIXFLEET_PURGE_QUEUE": "", "PIXFLEET_PURGE_BUDGET": "0"})

    assert len(refused.value.problems) == 2


@pytest.mark.parametrize("name", GOOD)
def test_each_of_them_is_required(name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_purge_settings({**GOOD, name: ""})


def test_a_distribution_is_an_id_and_no_url() -> None:
    with pytest.raises(Misconfigured, match="DISTRIBUTION_ID"):
        read_purge_settings({**GOOD, "PIXFLEET_DISTRIBUTION_ID": "https://d1.cloudfront.net"})
