"""The house rules that a machine can see: sizes, names, docstrings, and where things lie."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from subprocess import run

import pytest

from tests.auditconsole.test_documents import ROOT

ROOMS = ("auditconsole", "investigations", "operations", "accounts", "core", "trail", "benchmarks")
# They may stand in two rooms: Django's own words for what is inside a model or a command.
NESTED = {"Meta", "Command"}
# The row that keeps a checkpoint is called as what it keeps.
SAME = {"Checkpoint"}
# Words that hide what a name holds. `known`, `rest` and their like are looked at by people.
VAGUE = {"one", "found", "asked", "kept", "said", "told", "held", "going", "opened", "standing", "things", "gone"}
# Nouns of the field that end like a gerund.
NOUNS = {"mapping", "finding", "paging"}
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_VIEW, WIDEST_TEMPLATE = 40, 400, 25, 160

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _modules() -> dict[str, ast.Module]:
    """Every module of the product by its path, without migrations and what stands in tests."""
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def _functions() -> Iterator[tuple[str, Function]]:
    for path, tree in _modules().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{path}:{node.name}", node


def _length(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def test_no_file_is_longer_than_can_be_read() -> None:
    long = {path for path in _modules() if (ROOT / path).read_text().count("\n") > LONGEST_FILE}
    assert long == set()


def test_no_function_is_longer_than_a_screen() -> None:
    assert [name for name, function in _functions() if _length(function) > LONGEST_FUNCTION] == []


def test_views_are_thin() -> None:
    views = [(name, node) for name, node in _functions() if re.search(r"/views(/\w+)?\.py:", name)]
    assert len(views) > 100
    assert [name for name, view in views if _length(view) > LONGEST_VIEW] == []


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in _modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in NESTED | SAME and not path.startswith("benchmarks/"):
                places[node.name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_a_name_says_what_it_holds() -> None:
    vague = []
    for path, tree in _modules().items():
        for node in ast.walk(tree):
            name = (
                node.id
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                else node.arg
                if isinstance(node, ast.arg)
                else node.name
                if isinstance(node, Function | ast.ClassDef)
                else ""
            )
            if name.strip("_") in VAGUE:
                vague.append(f"{path}:{getattr(node, 'lineno', 0)} {name}")
    assert vague == []


def test_no_module_is_named_by_a_gerund() -> None:
    stems = {path: Path(path).stem for path in _modules()}
    assert [path for path, stem in stems.items() if stem.endswith("ing") and stem not in NOUNS] == []


def test_every_module_says_in_one_sentence_what_it_does() -> None:
    wrong = []
    for path, tree in _modules().items():
        sentence, _, _ = (ast.get_docstring(tree) or "").partition("\n\n")
        if tree.body and not re.fullmatch(r"[A-Z][^\n]*?s?\b.*[.:]", sentence, re.S):
            wrong.append(path)
    assert wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_can_be_read(path: Path) -> None:
    assert [len(line) for line in path.read_text().splitlines() if len(line) > WIDEST_TEMPLATE] == []


def test_no_file_holds_what_a_merge_left_open() -> None:
    listed = run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True).stdout.split("\0")
    texts = {name: (ROOT / name).read_bytes() for name in listed if name and (ROOT / name).is_file()}
    marks = re.compile(rb"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    assert [name for name, text in texts.items() if marks.search(text) and b"\0" not in text] == []


def test_no_test_changes_indices_that_are_not_its_own() -> None:
    """The workers share a node: what is done to all indices of it is done to the tests that run beside."""
    everywhere = re.compile(r"""indices\.(put_|add_|close|delete|open)\w*\((?:[^()]|\n)*?index=["'](\*|_all)""")
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "tests").rglob("*.py")}
    assert [path for path, text in texts.items() if everywhere.search(text)] == []
