"""Every command, file, module, function, setting and constant that a document names is there."""

import argparse
import ast
import importlib
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class

from tests.auditconsole.test_documents import PAGES, ROOT

ROOMS = ("auditconsole", "investigations", "operations", "accounts", "core", "trail", "benchmarks", "tests")
# Decisions say what was so when they were made.
CURRENT = [page for page in PAGES if "decisions" not in page.parts and page.name != "CHANGELOG.md"]
# What the reader of a how-to makes.
MADE = {"keycloak", "markdown", "export_markdown", "MARKDOWN", "test_keycloak", "tok_x_1_c41e"}
FILES = (".md", ".py", ".gz")
# Names of other people's formats and programs.
FOREIGN = {"hashed_token", "KID", "no_limits"}
ACRONYMS = {"DELETE", "GET", "POST", "PREFIX", "README", "PUT"}
# Composed in code of a beginning and an end.
COMPOSED = {"OPENSEARCH_CA_CERTS", "OPENSEARCH_CLIENT_CERT", "OPENSEARCH_CLIENT_KEY"}


def _code(text: str) -> str:
    """Fences, indented blocks and words in backticks: what a reader would type or look for."""
    fences = re.findall(r"```\w*\n(.*?)```", text, re.S)
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    return "\n".join([*fences, *re.findall(r"^    (.+)$", prose, re.M), *re.findall(r"`([^`\n]+)`", prose)])


@cache
def _identifiers() -> set[str]:
    """Every name that our Python, templates, scripts and settings hold, and those of the database's tables."""
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    files += [ROOT / "verify_bundle.py", *(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.js")]
    names = {name for path in files for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", path.read_text())}
    return names | {model._meta.db_table for model in apps.get_models()}


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_a_page_names_is_there_and_takes_these_options(page: Path) -> None:
    wrong = []
    for line in _code(page.read_text()).splitlines():
        for command in re.findall(r"manage\.py ([a-z][^|#;\n]*)", line):
            name, *words = shlex.split(command.replace("[", " ").replace("]", " ").replace("'", ""))
            if name in ("migrate", "makemigrations"):
                continue
            if name not in get_commands():
                wrong.append(command)
                continue
            parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
            options = _options(parser)
            wrong += [f"{name} {word}" for word in words if word.startswith("--") and word.split("=")[0] not in options]
    assert wrong == []


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """The options of a command and of its subcommands."""
    options = {option for action in parser._actions for option in action.option_strings}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            options |= {option for inner in action.choices.values() for option in _options(inner)}
    return options


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_and_program_a_page_names_is_there(page: Path) -> None:
    code = _code(page.read_text())
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?<![\w.-])make ([a-z]+)", code)) - targets == set()
    for module in re.findall(r"python -m ([\w.]+)", code):
        if module.split(".")[0] in ROOMS:
            assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_and_member_a_page_names_is_there(page: Path) -> None:
    names = re.findall(rf"(?<![\w./-])((?:{'|'.join(ROOMS)})(?:\.\w+)+)(?!\.?[\w*-])", _code(page.read_text()))
    of_code = [name for name in names if not set(name.split(".")) & MADE and not name.endswith(FILES)]
    assert [name for name in of_code if not _is_there(name)] == []


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_a_page_names_is_there(page: Path) -> None:
    names = set(re.findall(r"`([\w-]+\.(?:py|html|css|js|toml|yml|md|sh))`", page.read_text()))
    here = {path.name for path in ROOT.rglob("*") if not {".venv", ".git"} & set(path.parts)}
    assert {name for name in names if name.partition(".")[0] not in MADE} - here == set()


def _is_there(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            member: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            member = getattr(member, part, None)
        return member is not None
    return False


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_name_of_code_a_page_names_is_there(page: Path) -> None:
    """Words in backticks with an underscore, in capitals, or called: constants, settings, functions, classes."""
    words = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page.read_text(), flags=re.S))
    names = {word.removesuffix("()") for word in words if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\(\))?", word)}
    names = {name for name in names if "_" in name.strip("_") or re.fullmatch(r"[A-Z][A-Z]+", name)}
    assert names - _identifiers() - MADE - FOREIGN - ACRONYMS - COMPOSED == set()


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_of_python_is_python_and_imports_what_is_there(page: Path) -> None:
    for fence in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        tree = ast.parse(_dedented(fence))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOMS:
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    assert hasattr(module, alias.name) or _is_there(f"{node.module}.{alias.name}"), alias.name


def _dedented(fence: str) -> str:
    """A fence as a module: one that shows a part of a list or a call is wrapped in brackets."""
    if fence.startswith("    "):
        return f"(\n{fence}\n)"
    return fence.replace("…", "...").replace("{...: ..., ...}", "{}")
