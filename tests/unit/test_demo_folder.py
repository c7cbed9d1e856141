from pathlib import Path

import pytest

from scripts.demo.folder import DemoRefused, Drop, Found, corrupt_drop, find_images
from scripts.demo.lock import output_lock
from shared.model.recipe import Match, Recipe, RecipeSet, Slot, Variant

pytestmark = pytest.mark.unit

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 60
VARIANTS = (Variant("w320", (Slot.AVIF,), width=320),)
ANYTHING = RecipeSet((Recipe("all", VARIANTS),))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "deep" / "er").mkdir(parents=True)
    return folder


def test_images_are_found_by_their_bytes_at_any_depth(folder: Path, tmp_path: Path) -> None:
    (folder / "deep" / "er" / "really a jpeg.txt").write_bytes(JPEG)
    (folder / "not one.jpg").write_bytes(b"hello")
    (folder / "paper.jpg").write_bytes(b"%PDF-1.7")

    found = find_images(folder, ANYTHING, ours=tmp_path / "out")

    assert [drop.key for drop in found.drops] == ["deep/er/really a jpeg.txt"]
    assert found.skipped == {"not_an_image": 2}


def test_same_names_in_two_folders_keep_two_keys(folder: Path, tmp_path: Path) -> None:
    for place in ("deep", "deep/er"):
        (folder / place / "cat.jpg").write_bytes(JPEG)

    found = find_images(folder, ANYTHING, ours=tmp_path / "out")

    assert [drop.key for drop in found.drops] == ["deep/cat.jpg", "deep/er/cat.jpg"]


def test_an_image_that_no_recipe_takes_is_counted(folder: Path, tmp_path: Path) -> None:
    recipe_set = RecipeSet((Recipe("few", VARIANTS, Match("deep/")),))
    (folder / "deep" / "a.jpg").write_bytes(JPEG)
    (folder / "b.jpg").write_bytes(JPEG)

    found = find_images(folder, recipe_set, ours=tmp_path / "out")

    assert [drop.key for drop in found.drops] == ["deep/a.jpg"]
    assert found.skipped == {"no_recipe": 1}


def test_what_the_demo_wrote_is_not_dropped_again(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)
    (folder / "deep" / "er" / "w320.jpg").write_bytes(JPEG)

    found = find_images(folder, ANYTHING, ours=folder / "deep")

    assert [drop.key for drop in found.drops] == ["a.jpg"]


def test_a_missing_folder_is_refused_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(DemoRefused, match=r"There is no folder .*none: .*IMAGES="):
        find_images(tmp_path / "none", ANYTHING, ours=tmp_path / "out")


def test_a_file_in_place_of_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)

    with pytest.raises(DemoRefused, match="is a file"):
        find_images(folder / "a.jpg", ANYTHING, ours=tmp_path / "out")


def test_a_folder_without_images_is_refused_with_its_count(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("hello")

    with pytest.raises(DemoRefused, match=r"no image \(1 file of another kind\)"):
        find_images(folder, ANYTHING, ours=tmp_path / "out")


def test_images_where_the_demo_writes_are_refused_rather_than_lost(folder: Path) -> None:
    (folder / "deep" / "a.jpg").write_bytes(JPEG)

    with pytest.raises(DemoRefused, match="would be lost"):
        find_images(folder / "deep", ANYTHING, ours=folder)


def test_the_corrupt_file_takes_no_key_from_an_image(tmp_path: Path) -> None:
    taken = Found((Drop("corrupt on purpose.jpg", tmp_path / "x", 1, "jpeg"),), {})

    drop = corrupt_drop(b"cut", tmp_path, taken, ANYTHING)

    assert drop.key == "corrupt on purpose 2.jpg"
    assert drop.path.read_bytes() == b"cut"


def test_the_corrupt_file_gets_a_key_that_a_recipe_takes(tmp_path: Path) -> None:
    recipe_set = RecipeSet((Recipe("few", VARIANTS, Match("photos/", (".png",))),))

    drop = corrupt_drop(b"cut", tmp_path, Found((), {}), recipe_set)

    assert drop.key == "photos/corrupt on purpose.png"


def test_a_second_demo_that_would_write_to_the_same_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "build" / "demo"

    with (
        output_lock(out),
        pytest.raises(DemoRefused, match="Another demo is running"),
        output_lock(out),
    ):
        pass

    with output_lock(out):
        assert not out.exists()
