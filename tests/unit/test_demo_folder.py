from pathlib import Path

import pytest

from scripts.demo.folder import (
    BadDemoInput,
    FolderContents,
    ImageFile,
    find_images,
    write_corrupt_image,
)
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

    found = find_images(folder, ANYTHING, output=tmp_path / "out")

    assert [image.key for image in found.images] == ["deep/er/really a jpeg.txt"]
    assert found.left_out == {"not one.jpg": "not_an_image", "paper.jpg": "not_an_image"}
    assert found.skipped == {"not_an_image": 2}
    assert found.refused == ["not one.jpg", "paper.jpg"]


def test_a_text_beside_the_images_is_named_and_no_refusal(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)
    (folder / "README").write_bytes(b"hello")

    found = find_images(folder, ANYTHING, output=tmp_path / "out")

    assert (found.left_out, found.refused) == ({"README": "not_an_image"}, [])


def test_equal_names_in_two_folders_are_two_keys(folder: Path, tmp_path: Path) -> None:
    for subfolder in ("deep", "deep/er"):
        (folder / subfolder / "cat.jpg").write_bytes(JPEG)

    found = find_images(folder, ANYTHING, output=tmp_path / "out")

    assert [image.key for image in found.images] == ["deep/cat.jpg", "deep/er/cat.jpg"]


def test_an_image_without_a_recipe_is_counted(folder: Path, tmp_path: Path) -> None:
    recipe_set = RecipeSet((Recipe("few", VARIANTS, Match("deep/")),))
    (folder / "deep" / "a.jpg").write_bytes(JPEG)
    (folder / "b.jpg").write_bytes(JPEG)

    found = find_images(folder, recipe_set, output=tmp_path / "out")

    assert [image.key for image in found.images] == ["deep/a.jpg"]
    assert found.skipped == {"no_recipe": 1}


def test_the_demos_own_output_is_left_out(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)
    (folder / "deep" / "er" / "w320.jpg").write_bytes(JPEG)

    found = find_images(folder, ANYTHING, output=folder / "deep")

    assert [image.key for image in found.images] == ["a.jpg"]


def test_a_missing_folder_is_refused_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(BadDemoInput, match=r"There is no folder .*none: .*IMAGES="):
        find_images(tmp_path / "none", ANYTHING, output=tmp_path / "out")


def test_a_file_in_subfolder_of_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)

    with pytest.raises(BadDemoInput, match="is a file"):
        find_images(folder / "a.jpg", ANYTHING, output=tmp_path / "out")


def test_a_folder_without_images_is_refused_with_its_count(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("hello")

    with pytest.raises(BadDemoInput, match=r"no image \(1 file of another kind\)"):
        find_images(folder, ANYTHING, output=tmp_path / "out")


def test_a_folder_inside_the_demos_output_is_refused(folder: Path) -> None:
    (folder / "deep" / "a.jpg").write_bytes(JPEG)

    with pytest.raises(BadDemoInput, match="would be lost"):
        find_images(folder / "deep", ANYTHING, output=folder)


def test_the_corrupt_image_has_a_key_of_its_own(tmp_path: Path) -> None:
    taken = FolderContents((ImageFile("corrupt on purpose.jpg", tmp_path / "x", 1, "jpeg"),), {})

    image = write_corrupt_image(b"cut", tmp_path, taken, ANYTHING)

    assert image.key == "corrupt on purpose 2.jpg"
    assert image.path.read_bytes() == b"cut"


def test_the_corrupt_image_has_a_key_with_a_recipe(tmp_path: Path) -> None:
    recipe_set = RecipeSet((Recipe("few", VARIANTS, Match("photos/", (".png",))),))

    image = write_corrupt_image(b"cut", tmp_path, FolderContents((), {}), recipe_set)

    assert image.key == "photos/corrupt on purpose.png"


def test_a_second_demo_with_the_same_output_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "build" / "demo"

    with (
        output_lock(out),
        pytest.raises(BadDemoInput, match="Another demo is running"),
        output_lock(out),
    ):
        pass

    with output_lock(out):
        assert not out.exists()
