"""The documents speak of what is there: every setting and every command, and no page that does not exist."""

import re
from pathlib import Path

import pytest

from operations.imports.formats import FORMATS

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
SOURCES = [path for room in ("auditconsole", "operations", "trail") for path in (ROOT / room).rglob("*.py")]
# Set by the programs for one another, not by people.
OWN = {"DJANGO_SETTINGS_MODULE"}


def test_every_setting_is_described() -> None:
    operations = (ROOT / "docs" / "operations" / "administration.md").read_text()
    source = "\n".join(path.read_text() for path in SOURCES)
    names = set(re.findall(r"(?:env\.\w+\(|environ\.get\(|environ\[)\s*\"([A-Z_]+)\"", source)) - OWN
    assert {"OPENSEARCH_URL", "WEB_PORT", "DEMO_EVENTS", "JGO_CACHE_DIR", "OPENSEARCH_USER"} <= names
    assert {name for name in names if f"`{name}`" not in operations} == set()


def test_every_setting_is_described_once() -> None:
    rows = re.findall(
        r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|", (ROOT / "docs" / "operations" / "administration.md").read_text(), re.M
    )
    names = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    assert [name for name in set(names) if names.count(name) > 1] == []


def test_every_command_is_described() -> None:
    operations = (ROOT / "docs" / "operations" / "administration.md").read_text()
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")} - {"__init__"}
    assert {name for name in commands if name not in operations} == set()


def test_every_format_is_named_to_people() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {name for name in FORMATS if f"`{name}`" not in readme} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_part_of_a_page_finds_it(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S))
    assert [
        (target, part) for target, part in links if part not in _parts(page.parent / target if target else page)
    ] == []


def _parts(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_speaks_of_a_file_that_is_not_there(page: Path) -> None:
    named = re.findall(
        r"`((?:trail|investigations|operations|accounts|core|auditconsole|benchmarks|tests|templates|docs)/[\w/.-]+)`",
        page.read_text(),
    )
    made_by_the_reader = {
        "operations/imports/formats/keycloak.py",
        "tests/data/logs/keycloak.ndjson",
        "investigations/exports/formats/markdown.py",
        "tests/operations/imports/formats/test_keycloak.py",
    }
    assert [name for name in named if not (ROOT / name).exists() and name not in made_by_the_reader] == []
