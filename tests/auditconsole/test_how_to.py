"""Whoever follows a how-to, step by step, has what it promises. It is followed in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.auditconsole.test_documents import ROOT

HOW_TO = ROOT / "docs" / "how-to"
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", "*.pyc", ".*_cache")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that may be changed."""
    return Path(shutil.copytree(ROOT, tmp_path / "project", ignore=LEFT_OUT))


def _fences(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text(), re.S)


def _insert(path: Path, after: str, text: str) -> None:
    content = path.read_text()
    assert content.count(after) == 1, f"{after!r} stands {content.count(after)} times in {path.name}"
    path.write_text(content.replace(after, after + text))


def _run(project: Path, *arguments: str) -> str:
    """What a program prints that was started in the project by somebody who runs no tests."""
    ours = ("PYTEST_", "TEST_", "CONSOLE_", "TMPDIR", "DATABASE_URL", "COV_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_format_is_added_as_the_page_says(project: Path) -> None:
    module, registration, test = _fences("add-a-format.md", "python")
    formats = project / "operations" / "imports" / "formats"
    (formats / "keycloak.py").write_text(module)
    (project / "tests" / "data" / "logs" / "keycloak.ndjson").write_text(_fences("add-a-format.md", "json")[0])
    (project / "tests" / "operations" / "imports" / "formats" / "test_keycloak.py").write_text(test)
    _insert(formats / "__init__.py", "    gsuite,\n", "    keycloak,\n")
    _insert(formats / "__init__.py", "for format in (\n", registration)
    tests = project / "tests" / "operations" / "imports" / "formats"
    output = _run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests), "-k", "keycloak")
    assert re.search(r"[2-9]\d* passed", output), output


def test_an_export_is_added_as_the_page_says(project: Path) -> None:
    module, test = _fences("add-an-export.md", "python")
    exports = project / "investigations" / "exports"
    (exports / "formats" / "markdown.py").write_text(module)
    choice, file_format = (_step(name) for name in ("Export.Format", "FORMATS"))
    _insert(
        project / "investigations" / "models" / "exports.py",
        "class Format(models.TextChoices):\n",
        f"        {choice}\n",
    )
    formats = exports / "formats" / "file_formats.py"
    _insert(formats, "FORMATS = {\n", f"    {file_format},\n")
    _insert(formats, "from investigations.exports.formats import csv, jsonl,", " markdown,")
    _run(project, *_command("makemigrations"))
    assert list((project / "investigations" / "migrations").glob("*_export_markdown.py"))
    tests = project / "tests" / "investigations" / "exports" / "test_formats.py"
    _insert(
        tests,
        "from investigations.exports.formats import jsonl\n",
        "from investigations.exports.formats import markdown\n",
    )
    tests.write_text(f"{tests.read_text()}\n\n{test}")
    output = _run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests), "-k", "markdown")
    assert "1 passed" in output


def _step(name: str) -> str:
    """What is put where the page says `name` in `file`: …"""
    match = re.search(rf"^- `{re.escape(name)}` in `[^`]+`: `([^`]+)`", (HOW_TO / "add-an-export.md").read_text(), re.M)
    assert match, f"the page no longer says what is put into {name}"
    return match[1]


def _command(name: str) -> list[str]:
    """The command of the page that holds this word, as arguments to Python."""
    match = re.search(rf"\.venv/bin/python ([^`\n]*{name}[^`\n]*)", (HOW_TO / "add-an-export.md").read_text())
    assert match, f"the page no longer says {name}"
    return match[1].split()
