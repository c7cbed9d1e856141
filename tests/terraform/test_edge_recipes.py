import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.model.recipe_reader import read_recipes
from tests.support import edge_cases
from tests.support.recipes import shipped
from tests.terraform.edge import MODULE, request_code

pytestmark = pytest.mark.terraform

AWKWARD = {
    "version": 1,
    "recipes": [
        {
            "name": "quotes-and-markup",
            "match": {"prefix": 'a"b\\\\<&>\u2028\u00e9/', "suffixes": [".JPG", ".\u00c9"]},
            "variants": [
                {"widths": [1280, 90], "formats": ["fallback", "avif"], "lazy": ["avif"]},
                {"name": "b", "width": 10, "formats": ["webp"], "lazy": True},
                {"widths": [8192, 90], "formats": ["webp"], "lazy": False},
                {"name": "a", "formats": ["fallback"]},
            ],
            "purge": "replace",
        },
        {
            "name": "nothing-said",
            "match": None,
            "variants": [{"name": "only", "widths": None, "formats": ["webp"], "lazy": None}],
        },
        {
            "name": "half-said",
            "match": {"prefix": None, "suffixes": []},
            "variants": [{"name": "only", "formats": ["webp"]}],
        },
    ],
}
LADDER = {"widths": [640], "formats": ["avif", "webp"]}
EAGER = {"name": "thumb", "width": 300, "formats": ["fallback"]}
DOCUMENTS = {"shipped": shipped(), "odd": edge_cases.DOCUMENTS["odd"], "awkward": AWKWARD}


ORIGINS = {
    "shipped": ["*"],
    "odd": ["https://www.example.com", "https://*.example.org:8443"],
    "awkward": [],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_terraform_gives_the_edge_the_code_that_the_other_tests_run(
    name: str, tmp_path: Path
) -> None:
    document, origins = DOCUMENTS[name], ORIGINS[name]

    code = _rendered(json.dumps(document), origins, tmp_path)

    ours = request_code(read_recipes(document), origins)
    assert _recipes_in(code) == _recipes_in(ours)
    assert _without_recipes(code) == _without_recipes(ours)


def test_the_edge_serves_lazy_files_like_all_others(tmp_path: Path) -> None:
    documents = [
        {"version": 1, "recipes": [{"name": "only", "variants": [entry, EAGER]}]}
        for entry in ({**LADDER, "lazy": ["webp"]}, {**LADDER, "lazy": True}, LADDER)
    ]

    codes = [_rendered(json.dumps(each), ["*"], tmp_path) for each in documents]

    assert codes[0] == codes[1] == codes[2]
    assert '["w640",640,"aw"]' in codes[0]


def _rendered(recipes_json: str, origins: Sequence[str], folder: Path) -> str:
    """Return the viewer request function as the module generates it, without a provider."""
    for name in ("edge_code.tf", "edge_request.js", "edge_response.js"):
        shutil.copy(MODULE / name, folder)
    variables = {
        "cors_origins": origins,
        "default_browser_seconds": 300,
        "recipes_json": recipes_json,
    }
    (folder / "variables.tf.json").write_text(
        json.dumps({"variable": {name: {} for name in variables}}), encoding="utf-8"
    )
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
    done = subprocess.run(
        ["terraform", f"-chdir={folder}", "console"],  # noqa: S607 - found on PATH
        input="base64encode(local.request_code)",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return base64.b64decode(json.loads(done.stdout)).decode()


def _line(code: str) -> str:
    (line,) = [line for line in code.splitlines() if line.startswith("const recipes = ")]
    return line


def _recipes_in(code: str) -> object:
    return json.loads(_line(code).removeprefix("const recipes = ").removesuffix(";"))


def _without_recipes(code: str) -> str:
    return code.replace(_line(code), "")
