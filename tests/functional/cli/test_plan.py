import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from PIL import Image, ImageDraw

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.plan.changes import Effect, RecipeSetChange
from scripts.pixfleet.plan.similarity import ScorerPool
from scripts.pixfleet.plan.source_trial import TrialTools, try_source
from scripts.pixfleet.plan.sources import FolderSources
from scripts.pixfleet.trial_render import TrialRenderer
from shared.imaging.render_pool import RenderPool
from shared.model.limits import Limits
from shared.model.recipe_reader import read_recipes
from tests.functional.cli.conftest import RunCommand
from tests.functional.conftest import RECIPES
from tests.support import images
from tests.support.recipes import recipe, recipe_document

pytestmark = pytest.mark.functional


def recipes(**changed: object) -> dict[str, Any]:
    """Return the stack's recipes with other fields for `tiny`."""
    document: dict[str, Any] = deepcopy(RECIPES)
    document["recipes"][0] |= changed
    return document


def written(folder: Path, document: Mapping[str, object], name: str = "new.yaml") -> Path:
    file = folder / name
    file.write_text(json.dumps(document))  # JSON is valid YAML
    return file


def drop(clients: Clients, stack: LocalStack, count: int, **metadata: str) -> None:
    for seed in range(count):
        clients.s3.put_object(
            Bucket=stack.sources_bucket,
            Key=f"photo-{seed}.jpg",
            Body=images.jpeg(seed=seed),
            Metadata=metadata,
        )


def contents(clients: Clients, *buckets: str) -> list[tuple[str, str]]:
    pages = [clients.s3.list_objects_v2(Bucket=bucket) for bucket in buckets]
    return [(each["Key"], each["ETag"]) for page in pages for each in page.get("Contents", ())]


def test_a_plan_compares_bytes_and_scores_and_changes_nothing(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 2)
    before = contents(clients, stack.sources_bucket, stack.variants_bucket)

    answer = pixfleet("plan", written(tmp_path, recipes(quality={"webp": 20})), "--json")

    found = {f"{each['variant']}.{each['slot']}": each for each in answer.document["variants"]}
    assert answer.code == 0
    assert list(found) == ["w32.webp", "w64.webp", "w64.fallback"]
    assert found["w64.webp"]["new_bytes"] < found["w64.webp"]["old_bytes"]
    assert found["w64.webp"]["new_score"] < found["w64.webp"]["old_score"] - 5
    assert found["w64.fallback"]["is_same"]
    assert answer.document["estimate"]["sources"] == 2
    assert answer.document["estimate"]["dollars"] > 0
    assert contents(clients, stack.sources_bucket, stack.variants_bucket) == before


def test_a_plan_ends_with_the_next_command(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 1)

    answer = pixfleet("plan", written(tmp_path, recipes(background="#ffffff")), "--scored", "0")

    assert "1 source listed: 1 to render again, 0 for the first time, 0 unchanged." in answer.out
    assert "to render  1 of 1 sources" in answer.out
    assert "`pixfleet backfill enqueue --only stale`" in answer.out


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"match": {}}, "nothing would be rendered"),
        ({"name": "minute"}, "No listed source would get other variants."),
    ],
)
def test_equivalent_recipes_are_reported_and_nothing_is_rendered(
    changed: Mapping[str, object],
    sentence: str,
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    tmp_path: Path,
) -> None:
    drop(clients, stack, 1)

    answer = pixfleet("plan", written(tmp_path, recipes(**changed)))

    assert answer.code == 0
    assert sentence in answer.out
    assert "CPU seconds" not in answer.out


def test_a_source_that_asks_for_an_unchanged_recipe_is_not_counted(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 2, recipe="square")
    drop(clients, stack, 1)

    answer = pixfleet(
        "plan", written(tmp_path, recipes(placeholder=False)), "--json", "--scored=0"
    )

    assert answer.document["sources"]["changed"] == 2
    assert answer.document["means_per_source"]["sources"] == 1
    assert answer.document["estimate"]["sources"] == 1


def test_a_source_that_both_recipes_refuse_is_listed_and_not_in_the_means(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 1)
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="notes.txt", Body=b"no picture")

    answer = pixfleet(
        "plan", written(tmp_path, recipes(placeholder=False)), "--json", "--scored=0"
    )

    assert answer.code == 0
    assert answer.document["refused"] == [
        {"key": "notes.txt", "old": "not_an_image", "new": "not_an_image"}
    ]
    assert answer.document["means_per_source"]["sources"] == 1


def test_a_listing_that_stops_early_is_reported(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 3)
    file = written(tmp_path, recipes(placeholder=False))

    words = ("plan", file, "--max-keys", "2", "--samples", "1", "--scored", "0")
    counted_by_s3, by_prefix = pixfleet(*words), pixfleet(*words, "--prefix", "photo")

    assert "The listing stopped after 2 keys" in counted_by_s3.out
    assert "to render  3 of 3 sources" in counted_by_s3.out
    assert "There are more than 2 sources: give their number with --sources." in by_prefix.out


def test_a_folder_and_two_recipe_files_need_no_stack(
    pixfleet: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(images.jpeg())
    (tmp_path / "photos/notes.txt").write_text("no picture")
    old = written(tmp_path, recipes(), "old.yaml")
    wider = written(tmp_path, recipes(variants=[{"widths": [96], "formats": ["webp"]}]))

    answer = pixfleet(
        *("plan", wider, "--against", old, "--images", tmp_path / "photos"),
        *("--sources", "1000000", "--scored", "0", "--json"),
    )

    rows = answer.document["variants"]
    changes = [(each["variant"], each["old_bytes"] is None) for each in rows]
    assert answer.document["estimate"]["sources"] == 1_000_000
    assert changes == [("w96", True), ("w32", False), ("w64", False), ("w64", False)]


def test_every_problem_of_both_files_is_listed(pixfleet: RunCommand, tmp_path: Path) -> None:
    old = written(tmp_path, {"version": 2, "recipes": []}, "old.yaml")
    new = written(tmp_path, recipes(name="Tiny"))

    answer = pixfleet("plan", new, "--against", old, "--images", tmp_path)

    assert answer.code == 2
    for problem in (
        "version: expected 1",
        "recipes: expected a list",
        "recipes[0].name: expected",
    ):
        assert problem in answer.err


def test_images_without_against_is_refused(pixfleet: RunCommand, tmp_path: Path) -> None:
    answer = pixfleet("plan", written(tmp_path, recipes()), "--images", tmp_path)

    assert answer.code == 2
    assert "--images needs --against" in answer.err


def test_the_scorer_goes_on_after_a_file_that_it_cannot_decode() -> None:
    picture = images.jpeg()

    with ScorerPool(1) as scorers, scorers.scorer() as scorer:
        scores = [scorer.score(picture, file) for file in (b"no picture", picture)]
        scorers.kill()
        after_kill = scorer.score(picture, picture)

    assert scores == [None, 100.0]
    assert after_kill is None


def test_a_missing_watermark_ends_the_plan_with_a_sentence(
    stack: LocalStack, clients: Clients, pixfleet: RunCommand, tmp_path: Path
) -> None:
    drop(clients, stack, 3)
    watermark = {"key": "marks/none.png"}

    answer = pixfleet("plan", written(tmp_path, recipes(watermark=watermark)), "--scored", "0")

    assert answer.code == 1
    assert "watermark_unusable: Expected a watermark 'marks/none.png'" in answer.err


LADDER = {"widths": [32, 64], "formats": ["avif", "webp"]}
EAGER, LAZY = (
    [each, {**LADDER, "widths": [16]}] for each in (LADDER, {**LADDER, "lazy": ["webp"]})
)


@pytest.fixture(name="deploy")
def _deploy(stack: LocalStack, clients: Clients) -> Callable[..., None]:
    """Return a function that deploys variants of `tiny`, and a renderer."""

    def deploy(variants: object, *, renderer: str = "true") -> None:
        clients.s3.put_object(
            Bucket=stack.variants_bucket,
            Key=stack.recipes_key,
            Body=json.dumps(recipes(variants=variants)).encode(),
        )
        document = stack.document()
        environment = {
            **document.environment,
            "PIXFLEET_ON_DEMAND": renderer,
            "PIXFLEET_SERVING_TABLE": "serving",
        }
        document = structs.replace(document, environment=environment)
        clients.ssm.put_parameter(
            Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
        )

    return deploy


def test_what_becomes_lazy_renders_nothing_and_saves(
    deploy: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    tmp_path: Path,
) -> None:
    deploy(EAGER)
    drop(clients, stack, 2)
    words = ("plan", written(tmp_path, recipes(variants=LAZY)), "--scored=0", "--requests=10")

    document, seen = pixfleet(*words, "--json").document, pixfleet(*words)

    assert document["sources"]["lazier"] == 2
    assert (document["estimate"], document["changes_nothing"]) == (None, False)
    lazy = {
        f"{each['variant']}.{each['slot']}" for each in document["variants"] if each["is_lazy"]
    }
    assert lazy == {"w32.webp", "w64.webp"}
    assert (document["lazy"]["lazy_files"], document["lazy"]["files"]) == (2, 6)
    seldom, usual, often = document["lazy"]["by_requests"]
    assert (seldom["requests"], usual["requests"], often["requests"]) == (1, 10, 100)
    assert seldom["saved_dollars"] > usual["saved_dollars"] > often["saved_dollars"]
    assert document["means_per_source"]["new_objects"] == 4
    words_seen = " ".join(seen.out.split())
    assert "0 to render again, 0 for the first time, 2 unchanged." in words_seen
    assert "2 of them would have more lazy files" in words_seen
    assert "2 of the 6 files of a new source are made at the first request." in words_seen
    assert "95% of readers take AVIF and 1.4% WebP but not AVIF" in words_seen
    assert "backfill enqueue" not in seen.out


def test_what_is_no_longer_lazy_is_made_again(
    deploy: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    tmp_path: Path,
) -> None:
    deploy(LAZY)
    drop(clients, stack, 1)

    answer = pixfleet("plan", written(tmp_path, recipes(variants=EAGER)), "--scored=0", "--json")

    assert answer.document["sources"]["changed"] == 1
    assert answer.document["estimate"]["sources"] == 1
    means = answer.document["means_per_source"]
    assert (means["old_objects"], means["new_objects"]) == (4, 6)
    assert means["old_cpu_seconds"] < means["new_cpu_seconds"]
    assert answer.document["lazy"] is None


def test_without_a_renderer_lazy_changes_nothing(
    deploy: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    tmp_path: Path,
) -> None:
    deploy(EAGER, renderer="false")
    drop(clients, stack, 1)

    answer = pixfleet("plan", written(tmp_path, recipes(variants=LAZY)))

    assert "nothing would be rendered" in answer.out
    assert "This stack has no renderer" in answer.err


def test_an_animation_has_no_lazy_files(
    deploy: Callable[..., None],
    stack: LocalStack,
    clients: Clients,
    pixfleet: RunCommand,
    tmp_path: Path,
) -> None:
    deploy(EAGER)
    clients.s3.put_object(
        Bucket=stack.sources_bucket, Key="moving.gif", Body=images.animated_gif((40, 30))
    )

    answer = pixfleet("plan", written(tmp_path, recipes(variants=LAZY)), "--scored=0", "--json")

    assert answer.document["means_per_source"]["new_objects"] == 6
    assert answer.document["lazy"] is None


def test_a_lazy_file_that_is_a_copy_takes_no_render(
    render_pool: RenderPool, tmp_path: Path
) -> None:
    """Two rungs are wider than the drawing, whose exact WebP is also its best AVIF slot's file."""
    drawing = Image.new("RGB", (500, 400), "white")
    for at in range(12):
        box = (20 * at, 15 * at, 20 * at + 120, 15 * at + 60)
        ImageDraw.Draw(drawing).rectangle(box, outline="black", fill=(20 * at, 90, 200))
    drawing.save(tmp_path / "drawing.png")
    lazy = {"widths": [200, 800, 1600], "formats": ["avif", "webp"], "lazy": ["webp"]}
    old, new = (
        read_recipes(recipe_document(recipe(variants=[{**lazy, "lazy": each}])))
        for each in (False, ["webp"])
    )
    tools = TrialTools(TrialRenderer(render_pool, Limits(), 60))

    trial = try_source(
        "drawing.png", FolderSources(tmp_path), RecipeSetChange(old, new), tools, scores=False
    )

    assert trial.effect is Effect.LAZIER
    assert trial.lazy is not None
    assert (trial.lazy.all_files, len(trial.lazy.files)) == (6, 3)
    rendered = {each.variant for each in trial.lazy.files if each.cpu_seconds}
    assert rendered == {"w200"}
