import json
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.model.keys import variant_key
from shared.model.recipe import Slot
from tests.functional.cli.conftest import RunCommand
from tests.support import images
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.functional

# Fields that a manifest and an explanation share.
FIELDS = ("name", "slot", "width", "height", "url")


def test_a_key_is_explained_by_the_recipes_of_the_stack(
    stack: LocalStack, pixfleet: RunCommand
) -> None:
    answer = pixfleet("recipes", "explain", "cat.jpg", "--size", "48x96", "--json")

    document = answer.document
    sizes = {(each["name"], each["width"], each["height"]) for each in document["variants"]}
    assert answer.code == 0
    assert document["recipe"] == "tiny"
    assert sizes == {("w32", 32, 64), ("w64", 48, 96)}
    assert document["variants"][0]["object_key"] == variant_key("cat.jpg", "w32", Slot.WEBP)


def test_an_existing_source_is_explained_by_its_metadata(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand
) -> None:
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="cat.jpg", Body=b"x", Metadata={"recipe": "square"}
    )

    answer = pixfleet("recipes", "explain", "cat.jpg", "--json")

    assert answer.document["recipe"] == "square"
    assert "&v=" in answer.document["variants"][0]["url"]


def test_a_source_that_asks_for_an_unknown_recipe_would_be_refused(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand
) -> None:
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="cat.jpg", Body=b"x", Metadata={"recipe": "round"}
    )

    answer = pixfleet("recipes", "explain", "cat.jpg")

    assert answer.code == 3
    assert "asks for recipe round, which does not exist" in answer.out


def test_the_worker_stores_what_was_explained(
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    run_worker: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="cat.jpg", Body=images.jpeg((48, 96)))
    run_worker()
    capsys.readouterr()

    document = pixfleet("recipes", "explain", "cat.jpg", "--size", "48x96", "--json").document

    stored = clients.s3.get_object(Bucket=stack.variants_bucket, Key=document["manifest"])["Body"]
    fields = [
        [tuple(each[name] for name in FIELDS) for each in document["variants"]]
        for document in (document, json.load(stored))
    ]
    assert fields[0] == fields[1]


LADDER = {"widths": [32, 64], "formats": ["avif", "webp"], "lazy": ["webp"]}
LAZY = recipe_document(recipe(variants=[LADDER, variant(lazy=True)]))


@pytest.fixture(name="deploy_lazy")
def _deploy_lazy(stack: LocalStack, clients: Clients) -> Callable[..., None]:
    """Return a function that deploys lazy recipes, and a renderer if the stack is to have one."""

    def deploy(*, has_renderer: bool) -> None:
        clients.s3.put_object(
            Bucket=stack.variants_bucket, Key=stack.recipes_key, Body=json.dumps(LAZY).encode()
        )
        document = stack.document()
        environment = {**document.environment, "PIXFLEET_ON_DEMAND": str(has_renderer).lower()}
        document = structs.replace(document, environment=environment)
        clients.ssm.put_parameter(
            Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
        )

    return deploy


def test_an_explanation_says_what_is_lazy(
    deploy_lazy: Callable[..., None], pixfleet: RunCommand
) -> None:
    deploy_lazy(has_renderer=True)

    seen, document = (
        pixfleet("recipes", "explain", "cat.jpg", *each) for each in ((), ("--json",))
    )

    lazy = [
        f"{each['name']}.{each['slot']}" for each in document.document["variants"] if each["lazy"]
    ]
    assert lazy == ["w32.webp", "w64.webp", "small.webp"]
    words = " ".join(seen.out.split())
    assert "Made at the first request" in words
    assert "w32.webp, w64.webp, small.webp." in words
    assert "no renderer" not in seen.err


def test_without_a_renderer_an_explanation_says_that_lazy_means_eager(
    deploy_lazy: Callable[..., None], pixfleet: RunCommand
) -> None:
    deploy_lazy(has_renderer=False)

    answer = pixfleet("recipes", "explain", "cat.jpg", "--json")

    assert not any(each["lazy"] for each in answer.document["variants"])
    assert "no renderer" in answer.err


def test_check_names_lazy_formats(pixfleet: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(json.dumps(LAZY))

    seen, document = (
        pixfleet("recipes", "check", file),
        pixfleet("recipes", "check", file, "--json"),
    )

    assert "avif, webp (lazy)" in seen.out
    (made,) = document.document["recipes"]
    assert [each["lazy"] for each in made["variants"]] == [["webp"], ["webp"], ["webp"]]


def test_an_unknown_recipe_is_bad_input(pixfleet: RunCommand) -> None:
    answer = pixfleet("recipes", "explain", "cat.jpg", "--recipe", "round")

    assert answer.code == 2
    assert "expected one of tiny, square, got round" in answer.err


def test_an_invalid_size_is_bad_input(pixfleet: RunCommand) -> None:
    answer = pixfleet("recipes", "explain", "cat.jpg", "--size", "big")

    assert answer.code == 2
    assert "expected two numbers such as 4032x3024, got 'big'" in answer.err


def test_an_unsupported_key_would_be_refused(pixfleet: RunCommand) -> None:
    answer = pixfleet("recipes", "explain", "a/../cat.jpg", "--json")

    assert answer.code == 3
    assert answer.document["refused"] == "unsupported_key"


def test_check_warns_of_a_recipe_that_no_key_reaches(pixfleet: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(
        json.dumps(recipe_document(recipe(), recipe(name="late", variants=[variant()])))
    )

    answer = pixfleet("recipes", "check", file, "--json")

    assert answer.code == 0
    assert "no key reaches late: plain" in answer.err
    assert [each["shadowed_by"] for each in answer.document["recipes"]] == [None, "plain"]


def test_the_schema_is_printed(pixfleet: RunCommand) -> None:
    answer = pixfleet("recipes", "schema")

    assert answer.code == 0
    assert answer.document["required"] == ["version", "recipes"]
