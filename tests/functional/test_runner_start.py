import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.functional

ROOT = Path(__file__).parents[2]


def started(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a runner that must give up by itself, and return what it said."""
    fixed = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return subprocess.run(
        [sys.executable, "-m", "worker.runner"],
        env={**fixed, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> dict[str, str]:
    recipes = tmp_path / "recipes.json"
    recipes.write_text('{"version": 1, "recipes": []}')
    return {
        "PIXFLEET_FLEET": "photos",
        "PIXFLEET_SOURCES_BUCKET": "sources",
        "PIXFLEET_VARIANTS_BUCKET": "variants",
        "PIXFLEET_LEDGER_TABLE": "ledger",
        "PIXFLEET_DEAD_LETTER_QUEUE": "dead",
        "PIXFLEET_QUEUE": "live",
        "PIXFLEET_RECIPES": str(recipes),
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_an_empty_environment_is_refused_with_every_problem_at_once() -> None:
    ended = started({})

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == "The environment cannot be used:"
    assert ended.stderr.count("expected a value, got nothing") == 7
    assert "Traceback" not in ended.stderr


SPOILT: dict[str, tuple[dict[str, str], str]] = {
    "no queue": ({"PIXFLEET_QUEUE": ""}, "PIXFLEET_QUEUE: expected a value"),
    "a word for a number": ({"PIXFLEET_MAX_RECEIVES": "many"}, "PIXFLEET_MAX_RECEIVES: expected"),
    "one bucket for both": ({"PIXFLEET_VARIANTS_BUCKET": "sources"}, "expected another bucket"),
    "an empty region": ({"AWS_DEFAULT_REGION": ""}, "AWS_DEFAULT_REGION: expected a region"),
    "a region that is none": ({"AWS_DEFAULT_REGION": "bad region"}, "bad region"),
    "a stale profile": ({"AWS_PROFILE": "nope"}, "profile (nope)"),
    "an endpoint that is none": ({"AWS_ENDPOINT_URL": "foo"}, "Invalid endpoint: foo"),
    "recipes in no bucket": ({"PIXFLEET_RECIPES": "s3://"}, "expected s3://bucket/key"),
    "recipes without a key": ({"PIXFLEET_RECIPES": "s3://bucket"}, "expected s3://bucket/key"),
    "recipes in a bucket of no name": ({"PIXFLEET_RECIPES": "s3://a b/c"}, "a b"),
    "no such file of recipes": ({"PIXFLEET_RECIPES": "nowhere.json"}, "nowhere.json"),
    "recipes that are none": ({}, "recipes"),
    "recipes that are no JSON": ({"PIXFLEET_RECIPES": __file__}, "expected JSON"),
}


@pytest.mark.parametrize(("change", "message"), SPOILT.values(), ids=SPOILT.keys())
def test_what_cannot_work_is_refused_in_one_clear_message(
    environment: dict[str, str], change: dict[str, str], message: str
) -> None:
    ended = started({**environment, **change})

    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_missing_region_is_named(environment: dict[str, str]) -> None:
    del environment["AWS_DEFAULT_REGION"]

    ended = started(environment)

    assert ended.returncode == 2
    assert "AWS_DEFAULT_REGION: expected a region" in ended.stderr
