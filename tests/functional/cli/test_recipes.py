import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.model.keys import variant_key
from shared.model.recipe import Slot
from tests.functional.cli.conftest import Type
from tests.support import images
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.functional

# Told alike by a manifest and by an explanation.
FACTS = ("name", "slot", "width", "height", "url")


def test_a_key_is_explained_by_the_recipes_of_the_stack(stack: LocalStack, type_: Type) -> None:
    answer = type_("recipes", "explain", "cat.jpg", "--size", "48x96", "--json")

    told = answer.document
    sizes = {(each["name"], each["width"], each["height"]) for each in told["variants"]}
    assert answer.code == 0
    assert told["recipe"] == "tiny"
    assert sizes == {("w32", 32, 64), ("w64", 48, 96)}
    assert told["variants"][0]["object_key"] == variant_key("cat.jpg", "w32", Slot.WEBP)


def test_a_source_that_is_there_is_explained_as_it_asks_for(
    stack: LocalStack, clients: Clients, type_: Type
) -> None:
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="cat.jpg", Body=b"x", Metadata={"recipe": "square"}
    )

    answer = type_("recipes", "explain", "cat.jpg", "--json")

    assert answer.document["recipe"] == "square"
    assert "&v=" in answer.document["variants"][0]["url"]


def test_a_source_that_asks_for_no_recipe_that_exists_would_be_refused(
    stack: LocalStack, clients: Clients, type_: Type
) -> None:
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="cat.jpg", Body=b"x", Metadata={"recipe": "round"}
    )

    answer = type_("recipes", "explain", "cat.jpg")

    assert answer.code == 3
    assert "asks for recipe round, which does not exist" in answer.out


def test_what_the_worker_stores_is_what_was_explained(
    stack: LocalStack,
    clients: Clients,
    type_: Type,
    work_off: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="cat.jpg", Body=images.jpeg((48, 96)))
    work_off()
    capsys.readouterr()

    told = type_("recipes", "explain", "cat.jpg", "--size", "48x96", "--json").document

    stored = clients.s3.get_object(Bucket=stack.variants_bucket, Key=told["manifest"])["Body"]
    facts = [
        [tuple(each[fact] for fact in FACTS) for each in document["variants"]]
        for document in (told, json.load(stored))
    ]
    assert facts[0] == facts[1]


def test_a_recipe_that_does_not_exist_is_a_mistake(type_: Type) -> None:
    answer = type_("recipes", "explain", "cat.jpg", "--recipe", "round")

    assert answer.code == 2
    assert "expected one of tiny, square, got round" in answer.err


def test_a_size_that_is_none_is_a_mistake(type_: Type) -> None:
    answer = type_("recipes", "explain", "cat.jpg", "--size", "big")

    assert answer.code == 2
    assert "expected two numbers such as 4032x3024, got 'big'" in answer.err


def test_a_key_that_no_browser_could_ask_for_would_be_refused(type_: Type) -> None:
    answer = type_("recipes", "explain", "a/../cat.jpg", "--json")

    assert answer.code == 3
    assert answer.document["refused"] == "unsupported_key"


def test_a_recipe_that_no_key_reaches_is_warned_of(type_: Type, tmp_path: Path) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(
        json.dumps(recipe_document(recipe(), recipe(name="late", variants=[variant()])))
    )

    answer = type_("recipes", "check", file, "--json")

    assert answer.code == 0
    assert "no key reaches late: plain" in answer.err
    assert [each["shadowed_by"] for each in answer.document["recipes"]] == [None, "plain"]


def test_the_schema_is_printed(type_: Type) -> None:
    answer = type_("recipes", "schema")

    assert answer.code == 0
    assert answer.document["required"] == ["version", "recipes"]
