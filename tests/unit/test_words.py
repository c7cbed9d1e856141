"""No private word is left: language is the field's, in names, messages and documents."""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.unit.words import KEPT, WORDS, Kept, Word

# Every file is parsed: eight CPU seconds, which a busy machine may spread over two minutes.
pytestmark = [pytest.mark.unit, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "scripts", "shared", "terraform", "tests", "worker")
PROSE = {".hcl", ".html", ".js", ".md", ".mjs", ".tf", ".toml", ".yaml"}
GENERATED = {"node_modules", "__pycache__", ".terraform"}
THIS_TEST = {"tests/unit/words.py", "tests/unit/test_words.py"}
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@functools.cache
def files() -> dict[str, str]:
    """Return the text of each file that people write, by its path from the root."""
    found = [*ROOT.glob("*.*"), ROOT / "Makefile"]
    for folder in FOLDERS:
        found += (ROOT / folder).rglob("*")
    written = [path for path in found if path.suffix in PROSE | {".py"} or path.name == "Makefile"]
    paths = {
        path.relative_to(ROOT).as_posix(): path
        for path in written
        if not GENERATED & {*path.parts} and not path.name.endswith(".min.js")
    }
    return {name: paths[name].read_text() for name in sorted(paths.keys() - THIS_TEST)}


def identifiers(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case (
                ast.Attribute(value=ast.Name(id="pytest"), attr="mark") | ast.keyword(arg="marks")
            ):
                continue  # pytest's own words
            case ast.Attribute():
                yield node.attr
            case ast.Name() if node.id != "pytestmark":
                yield node.id
            case ast.arg() | ast.keyword(arg=str()):
                yield str(node.arg)


def in_words(name: str) -> str:
    """Return a name in words: "dead letter queue" for `DeadLetterQueue`."""
    return " ".join(PARTS.findall(name)).lower()


def comments(source: str) -> Iterator[str]:
    if "#" not in source:
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def strings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def docstrings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


@functools.lru_cache(maxsize=1)  # the names and the prose of a file are read one after the other
def parsed(source: str) -> Sequence[ast.AST]:
    return [*ast.walk(ast.parse(source))]


@functools.cache
def names(path: str, source: str) -> set[str]:
    """Return the names of a file, its folders and what it defines and uses, in words."""
    found = {in_words(part) for part in path.removesuffix(".py").split("/")}
    if path.endswith(".py"):
        found |= {in_words(name) for name in identifiers(parsed(source))}
    return found


@functools.cache
def prose(path: str, source: str) -> set[str]:
    """Return what a file says to people.

    Of Python that is comments and strings; of tests docstrings, as their strings are data.
    """
    if not path.endswith(".py"):
        return {" ".join(source.split())}
    nodes = parsed(source)
    said = docstrings(nodes) if path.startswith("tests/") else strings(nodes)
    return {" ".join(text.split()).lower() for text in (*said, *comments(source))}


@functools.cache
def compiled(word: Word) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{word.pattern})\b", re.IGNORECASE | re.MULTILINE)


def is_kept(path: str, line: str, start: int, end: int) -> bool:
    return any(
        match.start() <= start and end <= match.end()
        for kept in KEPT
        if path.startswith(kept.path)
        for match in re.finditer(kept.pattern, line, re.IGNORECASE)
    )


def private_words(path: str, source: str) -> list[str]:
    """Return a line for each private word of a file, with the word to use."""
    lines = set()
    for is_name, texts in ((True, names(path, source)), (False, prose(path, source))):
        joined = "\n".join(sorted(texts))
        for word in WORDS:
            if not path.startswith(word.under) or (word.names_only and not is_name):
                continue
            for match in compiled(word).finditer(joined):
                before = joined[: match.start()].rpartition("\n")[2]
                after = joined[match.end() :].partition("\n")[0]
                context = before[-25:] + match[0] + after[:25]
                start, end = len(before), len(before) + len(match[0])
                if not is_kept(path, before + match[0] + after, start, end):
                    lines.add(f"{path}: {match[0]!r} in {context!r}: use {word.instead}")
    return sorted(lines)


@functools.cache
def offences() -> dict[str, list[str]]:
    """Return the lines of each file that has a private word."""
    found = {path: private_words(path, source) for path, source in files().items()}
    return {path: lines for path, lines in found.items() if lines}


def test_no_private_word_is_left() -> None:
    left = list(offences().values())

    assert not left, "\n".join(line for lines in left for line in lines)


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.pattern)
def test_a_kept_use_still_exists(kept: Kept) -> None:
    texts = (
        text
        for path, source in files().items()
        if path.startswith(kept.path)
        for text in (*names(path, source), *prose(path, source))
    )

    assert any(re.search(kept.pattern, text, re.IGNORECASE) for text in texts)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("worker/studio.py", ""),
        ("worker/any.py", "class Story: pass"),
        ("worker/any.py", "def f(place_on_desk): pass"),
        ("worker/any.py", "x.read_letters()"),
        ("worker/any.py", "f(brake=1)"),
        ("worker/any.py", '"""Return the letters."""'),
        ("worker/any.py", "# The letter is deleted."),
        ("scripts/pixfleet/any.py", 'print("2 letters")'),
        ("terraform/any.tf", 'alarm_description = "The brake stopped\n  a batch."'),
        ("docs/any.md", "Type `pixfleet dlq\ndrop`."),
    ],
)
def test_a_private_word_is_found_wherever_it_is_used(path: str, source: str) -> None:
    assert private_words(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("worker/any.py", "class DeadLetterQueue: dead_letters = letter_case = None"),
        ("worker/any.py", "# The dead-letter queue has two dead letters."),
        ("tests/any.py", "pytestmark = pytest.mark.unit"),
        ("tests/any.py", 'key = "letters/a.jpg"'),
        ("docs/any.md", "a-z, letters, digits"),
    ],
)
def test_a_word_of_the_field_is_not_refused(path: str, source: str) -> None:
    assert not private_words(path, source)
