"""What docs/urls.md says of the parameters of the edge and of other services."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.edge_cases import RECIPE_SETS
from tests.support.urls_page import table
from tests.terraform.edge import outcome_of, request_code, request_event
from tests.terraform.edge_engines import EdgeEngine, answer_to
from tests.terraform.edge_model import PARAMETERS, EdgeRequest

pytestmark = pytest.mark.terraform

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SHIPPED = RECIPE_SETS["shipped"]


def served(engine: EdgeEngine, url: str) -> str | tuple[int, str]:
    """Return the stored path, or the status and text of a refusal."""
    address = urlsplit(url)
    event = request_event(EdgeRequest(address.path, parse_qs(address.query), CHROME))
    answer: str | tuple[int, str] = outcome_of(answer_to(engine, request_code(SHIPPED), event))
    return answer


def test_the_page_lists_every_parameter_of_the_edge() -> None:
    assert [row[0] for row in table("parameters")] == list(PARAMETERS)


@pytest.mark.parametrize("row", table("others"), ids=lambda row: f"{row[0]}: {row[1]}")
def test_parameters_of_other_services_do_what_the_page_says(
    engine: EdgeEngine, row: list[str]
) -> None:
    *_, url, expected = row

    found = served(engine, url)

    if expected == "400":
        assert isinstance(found, tuple)
        assert found[0] == 400
        return
    assert isinstance(found, str)
    _, _, key_and_name = found.strip("/").partition("/")
    key, _, name = key_and_name.rpartition("/")
    if expected == "404":
        # The path is the key of a source that does not exist.
        assert f"/{key}" == urlsplit(url).path.replace(",", "%2C")
    else:
        assert (key, name) == ("cat.jpg", expected)
