"""`w=auto` at the edge inside MiniStack: client hints choose the object, which is cached once."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from scripts.local.instance import Instance
from tests.e2e.edge_stack import Answer, EdgeStack
from tests.e2e.hints_distribution import create_distribution

pytestmark = pytest.mark.e2e

VARY = "Accept, Sec-CH-DPR, Sec-CH-Viewport-Width, Sec-CH-Width, Save-Data"


@pytest.fixture(name="stack", scope="module")
def _stack(endpoint_url: str) -> Iterator[EdgeStack]:
    stack = EdgeStack(Instance(urlsplit(endpoint_url).port or 0))
    made = create_distribution(endpoint_url)
    yield stack
    stack.delete(made)


def auto(stack: EdgeStack, **hints: str) -> Answer:
    """Ask for the width that these hints choose, as a browser does that displays WebP."""
    return stack.get("/cat.jpg?w=auto", accept="image/webp", **hints)


def test_hints_choose_an_object_that_other_hints_find_in_the_cache(stack: EdgeStack) -> None:
    first = auto(stack, sec_ch_width="600")
    others = [
        auto(stack, sec_ch_width="640", sec_ch_dpr="2"),
        auto(stack, sec_ch_viewport_width="320", sec_ch_dpr="2"),
        auto(stack, save_data="on"),
        stack.get("/cat.jpg?w=640", accept="image/webp"),
    ]

    assert first.x_cache == "Miss"
    assert {(each.status, each.x_cache, each.body) for each in others} == {
        (200, "Hit", first.body)
    }


def test_without_hints_the_object_is_another_one(stack: EdgeStack) -> None:
    small, large = auto(stack, sec_ch_width="320"), auto(stack)
    again = auto(stack, sec_ch_width="960")

    assert small.body != large.body
    assert (again.x_cache, again.body) == ("Hit", large.body)


def test_responses_name_the_hints_and_browsers_revalidate_them_by_name(stack: EdgeStack) -> None:
    answer = auto(stack, sec_ch_width="1280")
    unchanged = auto(stack, sec_ch_width="1280", if_none_match=answer.headers["etag"])
    plain = stack.get("/cat.jpg?w=1280", accept="image/webp")

    assert answer.headers["vary"] == VARY
    assert (unchanged.status, unchanged.headers["vary"]) == (304, VARY)
    assert plain.headers["vary"] == "Accept"
