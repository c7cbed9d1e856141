"""Contexts: what they keep, which stack counts, and a file that is broken."""

import json
from pathlib import Path

import pytest

from scripts.pixfleet import cli
from scripts.pixfleet.options.contexts import (
    Contexts,
    NamedStack,
    contexts_file,
    read_contexts,
    write_contexts,
)
from scripts.pixfleet.options.declared import TypedOptions
from scripts.pixfleet.options.target import Target, find_target
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit

PHOTOS = NamedStack("photos", "eu-west-1", "on-call", "http://127.0.0.1:4566")
VIDEOS = NamedStack("videos")


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PIXFLEET_STACK", "PIXFLEET_CONTEXT", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(name="file")
def _file(home: Path) -> Path:
    file = contexts_file({"XDG_CONFIG_HOME": str(home)})
    write_contexts(file, Contexts({"photos": PHOTOS, "videos": VIDEOS}, "photos"))
    return file


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["pixfleet", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_contexts_are_added_used_listed_and_removed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def type_(*words: str) -> tuple[int, str, str]:
        return run(monkeypatch, capsys, "context", *words)

    first = type_("add", "photos", "--stack", "photos", "--region", "eu-west-1")
    second = type_("add", "here", "--stack", "./stack.json", "--profile", "x")
    used = type_("use", "here")
    listed = json.loads(type_("list", "--json")[1])
    table = type_("list")[1]
    removed = type_("remove", "here")
    unknown = type_("use", "here")

    assert "is the current one" in first[1]
    assert "pixfleet context use here" in second[1]
    assert used[0] == 0
    assert listed["current"] == "here"
    assert listed["contexts"]["here"]["stack"] == str(Path.cwd() / "stack.json")
    assert listed["contexts"]["photos"]["region"] == "eu-west-1"
    assert "*  here" in table
    assert "was the current one" in removed[1]
    assert unknown[0] == 2
    assert "No context is named 'here'" in unknown[2]
    assert "expected one of photos" in unknown[2]


def test_a_name_that_a_shell_would_read_otherwise_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a b", "$(id)", "x\n", "-x", "", "é", "a" * 65):
        code, _, err = run(monkeypatch, capsys, "context", "add", "--stack", "s", "--", name)

        assert code == 2
        assert "expected a name of" in err
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    ("typed", "environment", "target"),
    [
        pytest.param(
            TypedOptions(),
            {},
            Target("photos", "context photos", PHOTOS.endpoint_url, "on-call", "eu-west-1"),
            id="the current context",
        ),
        pytest.param(
            TypedOptions(region="us-west-2"),
            {"AWS_REGION": "us-east-1"},
            Target("photos", "context photos", PHOTOS.endpoint_url, "on-call", "us-west-2"),
            id="a typed option counts before the context",
        ),
        pytest.param(
            TypedOptions(stack="other"),
            {"AWS_REGION": "us-east-1"},
            Target("other", "--stack", region="us-east-1"),
            id="a named stack has no current context",
        ),
        pytest.param(
            TypedOptions(),
            {"PIXFLEET_STACK": "other"},
            Target("other", "PIXFLEET_STACK"),
            id="a stack in the environment has none either",
        ),
        pytest.param(
            TypedOptions(context="videos"),
            {"PIXFLEET_STACK": "other"},
            Target("videos", "context videos"),
            id="a typed context counts before the environment",
        ),
        pytest.param(
            TypedOptions(),
            {"PIXFLEET_CONTEXT": "videos"},
            Target("videos", "context videos"),
            id="a context in the environment",
        ),
        pytest.param(
            TypedOptions(context="photos", stack="other"),
            {},
            Target("other", "--stack", PHOTOS.endpoint_url, "on-call", "eu-west-1"),
            id="a typed stack replaces that of a typed context",
        ),
    ],
)
def test_which_stack_counts(
    typed: TypedOptions, environment: dict[str, str], target: Target, file: Path, home: Path
) -> None:
    assert find_target(typed, {**environment, "XDG_CONFIG_HOME": str(home)}) == target


def test_without_a_context_the_stack_is_the_default_and_aws_region_is_heard(home: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(home), "AWS_REGION": "eu-north-1"}

    assert find_target(TypedOptions(), environment) == Target(
        "pixfleet", "the default", region="eu-north-1"
    )


def test_an_unknown_context_is_refused_with_those_that_there_are(file: Path, home: Path) -> None:
    with pytest.raises(Misconfigured, match="expected one of photos, videos"):
        find_target(TypedOptions(context="nope"), {"XDG_CONFIG_HOME": str(home)})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": 2, "contexts": {}}',
        b'{"schema": 1, "contexts": []}',
        b'{"schema": 1, "contexts": {"a": {}}}',
        b'{"schema": 1, "contexts": {"a": {"stack": 1}}}',
        b'{"schema": 1, "contexts": {"a": {"stack": "s", "more": "x"}}}',
        b'{"schema": 1, "contexts": {"a\\n b": {"stack": "s"}}}',
        b'{"schema": 1, "current": 7, "contexts": {}}',
    ],
)
def test_a_broken_file_is_named_and_stops_only_what_needs_it(
    content: bytes,
    file: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file.write_bytes(content)

    code, out, err = run(monkeypatch, capsys, "context", "list")

    assert (code, out) == (2, "")
    assert str(file) in err
    assert "correct or delete it" in err
    assert "Traceback" not in err
    environment = {"XDG_CONFIG_HOME": str(home)}
    assert find_target(TypedOptions(stack="x"), environment) == Target("x", "--stack")


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.unlink()
    file.mkdir()

    with pytest.raises(Misconfigured, match=r"contexts\.json cannot be used"):
        read_contexts(file)


def test_a_reader_never_sees_half_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file is complete before it replaces the old one."""
    seen = []
    replace = Path.replace

    def look(path: Path, target: Path) -> Path:
        seen.append((read_contexts(file), read_contexts(path)))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", look)
    write_contexts(file, Contexts({"videos": VIDEOS}))

    ((old, new),) = seen
    assert set(old.named) == {"photos", "videos"}
    assert set(new.named) == {"videos"}
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("variable", "path"),
    [("", ".config/pixfleet"), ("relative", ".config/pixfleet"), ("/etc/x", "/etc/x/pixfleet")],
)
def test_the_file_is_in_the_folder_of_the_xdg_standard(variable: str, path: str) -> None:
    file = contexts_file({"XDG_CONFIG_HOME": variable} if variable else {})

    assert file == Path.home() / path / "contexts.json"
