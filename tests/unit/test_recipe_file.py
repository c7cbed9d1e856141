from pathlib import Path

import pytest

from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit

VALID = "version: 1\nrecipes: [{name: a, variants: [{widths: [3], formats: [webp]}]}]\n"


def refused(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "recipes.yaml"
    path.write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        recipes_document(path)
    return str(caught.value)


def test_a_valid_file_is_read_as_a_document(tmp_path: Path) -> None:
    path = tmp_path / "recipes.yaml"
    path.write_text(VALID)

    document = recipes_document(path)

    assert document["version"] == 1


def test_a_duplicate_field_is_refused_with_its_line(tmp_path: Path) -> None:
    message = refused(tmp_path, f"version: 1\n{VALID}".encode())

    assert "version appears twice, line 2" in message


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"a: [", b"when: 2026-13-45", b"!!python/object:os.system {}", b"[" * 5000],
    ids=["not text", "cut short", "no such date", "a Python object", "nested too deeply"],
)
def test_invalid_yaml_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    message = refused(tmp_path, content)

    assert message.count("\n") == 1
    assert "Traceback" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nowhere\.yaml"):
        recipes_document(tmp_path / "nowhere.yaml")
