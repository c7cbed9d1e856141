import re
from hashlib import sha256
from random import Random
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.model.keys import public_url
from shared.model.manifest import version_made_by
from shared.model.recipe import Match, Recipe, RecipeSet, Slot, Variant
from shared.model.source import Source
from tests.support.awkward import KEYS
from tests.support.edge_cases import CASES, RECIPE_SETS, EdgeCase
from tests.terraform.edge import (
    MODULE,
    OPERATOR,
    Event,
    bare,
    in_python,
    outcome_of,
    request_code,
    request_event,
)
from tests.terraform.edge_engines import EdgeEngine, answer_to
from tests.terraform.edge_model import EdgeRequest
from tests.terraform.requests import any_recipe_set, any_request

pytestmark = pytest.mark.terraform

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FUNCTION_BYTES = 10_240
# What the runtime has in addition to the language, by its documentation.
METHODS = {
    *["charAt", "endsWith", "exec", "includes", "indexOf", "slice", "split", "startsWith"],
    *["replace", "test", "toLowerCase"],
    *["concat", "filter", "find", "forEach", "join", "map", "some", "sort"],
    *["floor", "keys", "max"],
    *["byteLength", "createHash", "digest", "update"],
}
RECENT_SYNTAX = (
    r"\?\.|\?\?|\.\.\.|\bof\b|\bclass\b|\basync\b|\bawait\b|\bimport\b|\beval\b|\bnew\b"
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_edge_answers_the_table(case: EdgeCase, engine: EdgeEngine) -> None:
    code = request_code(RECIPE_SETS[case.recipe_set])

    answer = answer_to(engine, code, request_event(case.request))

    assert outcome_of(answer) == case.expected


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        pytest.param({"w": "640", "dpr": "2"}, {"w": "640"}, id="a width"),
        pytest.param({"w": "auto"}, {"w": "auto"}, id="a width by hints"),
        pytest.param({"variant": "thumb"}, {"variant": "thumb"}, id="a variant"),
        pytest.param(
            {"v": "0123456789ab", "format": "webp", "utm_source": "mail"},
            {"v": "0123456789ab", "format": "webp"},
            id="a version and a format",
        ),
    ],
)
def test_the_query_keeps_only_what_the_viewer_response_needs(
    query: dict[str, str], kept: dict[str, str], engine: EdgeEngine
) -> None:
    lists = {name: [value] for name, value in query.items()}

    answer = answer_to(
        engine,
        request_code(RECIPE_SETS["shipped"]),
        request_event(EdgeRequest("/cat.jpg", lists, CHROME)),
    )

    assert {name: field["value"] for name, field in answer["querystring"].items()} == kept


def test_a_refusal_is_cached_briefly_and_is_plain_text(engine: EdgeEngine) -> None:
    answer = answer_to(
        engine, request_code(RECIPE_SETS["shipped"]), request_event(EdgeRequest("/"))
    )

    headers = {name: field["value"] for name, field in answer["headers"].items()}
    assert headers == {
        "cache-control": "public, max-age=60",
        "content-type": "text/plain; charset=utf-8",
        "vary": "Origin",
        "x-content-type-options": "nosniff",
    }


ORIGINS = ("https://www.example.com", "https://*.example.org")


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://www.example.com", id="listed"),
        pytest.param("https://a.example.org", id="wildcard"),
        pytest.param("https://a.b-c.example.org", id="deeper"),
    ],
)
def test_a_listed_origin_may_read_a_refusal(engine: EdgeEngine, origin: str) -> None:
    headers = refusal_headers(engine, origin)

    assert refusal_headers(engine, origin, ("*",)) == headers
    assert headers["access-control-allow-origin"] == {"value": origin}
    assert headers["vary"] == {"value": "Origin"}


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://example.org", id="the-domain-itself"),
        pytest.param("https://www.example.com.evil.example", id="longer"),
        pytest.param("https://evil.example/.example.org", id="with-a-path"),
        pytest.param("http://www.example.com", id="other-scheme"),
        pytest.param("https://.example.org", id="nothing-for-the-wildcard"),
        pytest.param("https://*.example.org", id="the-pattern"),
        pytest.param("null", id="null"),
        pytest.param("", id="none"),
    ],
)
def test_another_origin_may_not_read_a_refusal(engine: EdgeEngine, origin: str) -> None:
    headers = refusal_headers(engine, origin)

    assert "access-control-allow-origin" not in headers
    assert headers["vary"] == {"value": "Origin"}


def refusal_headers(engine: EdgeEngine, origin: str, origins: tuple[str, ...] = ORIGINS) -> Event:
    """Return the headers with which the edge refuses a request of a script of this origin."""
    event = request_event(EdgeRequest("/"))
    if origin:
        event["request"]["headers"]["origin"] = {"value": origin}
    code = request_code(RECIPE_SETS["shipped"], origins)
    headers: Event = answer_to(engine, code, event)["headers"]
    return headers


def test_without_origins_no_script_may_read_a_refusal(engine: EdgeEngine) -> None:
    headers = refusal_headers(engine, "https://www.example.com", ())

    assert "access-control-allow-origin" not in headers


def test_repeated_accept_headers_are_joined(engine: EdgeEngine) -> None:
    event = request_event(EdgeRequest("/cat.jpg", {}, "image/png"))
    lines = [{"value": "image/png"}, {"value": "image/avif"}]
    event["request"]["headers"]["accept"] = {"value": "image/png", "multiValue": lines}

    answer = answer_to(engine, request_code(RECIPE_SETS["shipped"]), event)

    assert outcome_of(answer) == "/0a/cat.jpg/w1920.avif"


def test_edge_and_model_give_the_same_answer_to_any_request(engine: EdgeEngine) -> None:
    # One seed for hundreds of requests: drawing them one by one takes minutes. It cannot shrink.
    @settings(max_examples=20, deadline=None, phases=[Phase.generate])
    @given(st.integers(0, 1 << 64))
    def alike(seed: int) -> None:
        dice = Random(seed)  # noqa: S311 - no secret
        recipe_sets = [any_recipe_set(dice) for _ in range(6)]
        asked = [(dice.randrange(6), any_request(dice)) for _ in range(500)]

        events = [(place, request_event(request)) for place, request in asked]
        answers = engine.answers([request_code(recipe_set) for recipe_set in recipe_sets], events)

        for (place, request), answer in zip(asked, answers, strict=True):
            assert outcome_of(answer) == in_python(recipe_sets[place], request), (
                recipe_sets[place],
                request,
            )

    alike()


def test_the_edge_requests_only_what_a_recipe_stores(engine: EdgeEngine) -> None:
    recipe_set = RECIPE_SETS["shipped"]
    dice = Random(5)  # noqa: S311 - no secret
    asked = [any_request(dice) for _ in range(3000)]

    answers = engine.answers(
        [request_code(recipe_set)], [(0, request_event(one)) for one in asked]
    )

    paths = [answer for answer in map(outcome_of, answers) if isinstance(answer, str)]
    assert {path.rpartition("/")[2] for path in paths} <= {
        *recipe_set.object_names(),
        "manifest.json",
    }
    assert [shard_of(path) for path in paths] == [path.split("/")[1] for path in paths]
    assert len(paths) > 500


def shard_of(path: str) -> str:
    key = path.split("/", 2)[2].rpartition("/")[0]
    return sha256(unquote(key).encode()).hexdigest()[:2]


def test_every_url_of_a_manifest_finds_its_variant(engine: EdgeEngine) -> None:
    recipe_set = RECIPE_SETS["shipped"]
    source = Source("k", etag="e", size_bytes=1)
    version = version_made_by(source, "f")
    # A source's metadata may have chosen any recipe for any key.
    stored = {name for recipe in recipe_set.recipes for name in recipe.stored_names()}
    asked = [
        (key, name, slot) for key in KEYS.values() if len(key) < 1000 for name, slot in stored
    ]

    events = [(0, _event_of_url(*one, version)) for one in asked]
    answered = engine.answers([request_code(recipe_set)], events)

    for (key, name, slot), answer in zip(asked, answered, strict=True):
        shard = sha256(key.encode()).hexdigest()[:2]
        assert unquote(str(outcome_of(answer))) == f"/{shard}/{key}/{name}.{slot}"


def _event_of_url(key: str, name: str, slot: Slot, version: str) -> Event:
    url = urlsplit(public_url(key, variant=name, slot=slot, version=version))
    query = {part.split("=")[0]: [part.split("=")[1]] for part in url.query.split("&")}
    return request_event(EdgeRequest(url.path, query))


def test_a_function_fits_into_cloudfronts_limit() -> None:
    # As many names as the ledger's limit on recipes allows, in three recipes.
    long = tuple(
        Recipe(
            f"r{number}",
            tuple(
                Variant(f"variant-name-{number}-{index}", (Slot.WEBP,), width=index)
                for index in range(20)
            ),
            Match(f"folder-{number}/of/a/long/name/", (".jpeg", ".jpg", ".png")),
        )
        for number in range(3)
    )

    shipped = len(request_code(RECIPE_SETS["shipped"]).encode())
    large = len(request_code(RecipeSet(long)).encode())

    assert shipped < FUNCTION_BYTES * 0.8
    assert large < FUNCTION_BYTES * 0.9


@pytest.mark.parametrize("name", ["edge_request.js", "edge_response.js"])
def test_no_text_of_the_functions_loses_its_spaces(name: str) -> None:
    texts = re.findall(r"'[^'\n]*'|\"[^\"\n]*\"", (MODULE / name).read_text(encoding="utf-8"))

    assert len(texts) > 5
    assert not [text for text in texts if re.search(OPERATOR, text)]


@pytest.mark.parametrize("name", ["edge_request.js", "edge_response.js"])
def test_the_functions_use_only_what_the_runtime_has(name: str) -> None:
    code = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|^ *//.*", "", bare(name), flags=re.MULTILINE)

    assert not re.findall(RECENT_SYNTAX, code)
    assert set(re.findall(r"\.([a-zA-Z]+)\(", code)) <= METHODS


def test_earlier_recipes_before_later_ones_choose_and_later_ones_are_found_by_name(
    engine: EdgeEngine,
) -> None:
    """What `delivery.recipes_path` does until all pictures are made again; see docs/deploy.md."""
    slots = (Slot.AVIF, Slot.FALLBACK)
    before = Recipe("one", (Variant("w640", slots, width=640),))
    after = Recipe("one", (*before.variants, Variant("w1600", slots, width=1600)))
    recipe_set = RecipeSet((before, after))

    def chosen(**query: str) -> str:
        request = EdgeRequest("/cat.jpg", {name: (said,) for name, said in query.items()}, CHROME)
        answer = outcome_of(answer_to(engine, request_code(recipe_set), request_event(request)))
        assert answer == in_python(recipe_set, request)
        return str(answer).rpartition("/")[2]

    assert chosen(w="1500") == "w640.avif"
    assert chosen(variant="w1600", format="avif") == "w1600.avif"
