"""`make up` and `make down` where there is nothing to do, or nothing to do it with."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local import ministack
from scripts.local.__main__ import main
from scripts.local.place import DEFAULT_PORT, Place, is_taken
from scripts.local.terraform_root import Names, architecture, last_words
from scripts.local.what_next import what_next
from tests.e2e.processes import free_port

pytestmark = pytest.mark.e2e

NAMES = Names(
    dead_letter_queue="pixfleet-dead-letter",
    domain_name="d1.cloudfront.net",
    function_alias="pixfleet-worker:live",
    sources_bucket="pixfleet-sources-000000000000",
    variants_bucket="pixfleet-variants-000000000000",
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(free_port(), tmp_path)


def run_in(place: Place, command: str) -> int:
    return main([command, f"--port={place.port}"], build=place.build)


def local_aws(command: str, place: Place) -> None:
    words = [sys.executable, "-m", "scripts.local", command, f"--port={place.port}"]
    subprocess.run(words, check=True, timeout=60, stdout=subprocess.DEVNULL)


def programs(folder: Path, *names: str) -> Path:
    """Make a folder for PATH in which these programs are."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_down_with_nothing_up_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = run_in(place, "down")

    assert exit_code == 0
    assert capsys.readouterr().err == f"Nothing is up on port {place.port}.\n"


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        pytest.param((), "Terraform is not on PATH: install it (1.9 or newer", id="terraform"),
        pytest.param(("terraform",), "Node.js is not on PATH: install it", id="node-terraform"),
        pytest.param(("tofu",), "Node.js is not on PATH: install it", id="node-tofu"),
    ],
)
def test_what_is_not_installed_is_named_in_one_line_before_anything_starts(
    there: tuple[str, ...],
    missing: str,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(programs(place.build / "bin", *there)))

    exit_code = run_in(place, "up")

    said = capsys.readouterr().err
    assert exit_code == 2
    assert said.startswith(missing)
    assert said.count("\n") == 1
    assert not is_taken(place.port)


def test_a_local_aws_that_up_did_not_start_is_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = Place(free_port())
    local_aws("start", place)
    try:
        up_code, down_code = run_in(place, "up"), run_in(place, "down")

        assert ministack.is_healthy(place)
    finally:
        local_aws("stop", place)
    assert (up_code, down_code) == (2, 0)
    assert f"python -m scripts.local stop --port {place.port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("machine", "named"), [("aarch64", "arm64"), ("arm64", "arm64"), ("AMD64", "x86_64")]
)
def test_a_machine_is_named_as_lambda_names_it(machine: str, named: str) -> None:
    assert architecture(machine) == named


def test_of_a_failure_the_errors_are_shown() -> None:
    said = "apply in x:\nmade one\nmade two\nError: no such thing\n\n  on main.tf"

    assert last_words(said) == "apply in x:\nError: no such thing\n\n  on main.tf"


@pytest.mark.parametrize(
    ("port", "typed"), [(DEFAULT_PORT, "make down\n"), (4600, " PORT=4600\n")]
)
def test_what_to_try_names_the_port_only_if_it_is_another(port: int, typed: str) -> None:
    told = what_next(Place(port), NAMES)

    assert told.endswith(typed)
    assert "Host: d1.cloudfront.net" in told
    assert "s3://pixfleet-sources-000000000000/" in told
