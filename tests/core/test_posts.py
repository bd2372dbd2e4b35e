"""Addresses of forms: whoever comes without the form, as by a reload, is led to a page."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.asserts import assertRedirects

from accounts.models import User

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
VIEWS = sorted(path for path in settings.BASE_DIR.rglob("views*/**/*.py") if ".venv" not in path.parts) + sorted(
    path for path in settings.BASE_DIR.rglob("views.py") if ".venv" not in path.parts
)


@pytest.mark.parametrize(
    ("address", "page"),
    [("/evidence/pin/", "/"), ("/evidence/absence/", "/"), ("/runs/start/", "/runs/"), ("/links/", "/")],
)
def test_a_reload_of_a_form_s_address_shows_a_page(client: Client, alice: User, address: str, page: str) -> None:
    client.force_login(alice)
    for read in (client.get, client.head):
        assertRedirects(read(address), page, fetch_redirect_response=False)
    assert client.delete(address).status_code == 405


def test_no_view_that_shows_a_page_is_open_to_posts_alone() -> None:
    assert len(VIEWS) > 20
    closed = []
    for path in VIEWS:
        tree = ast.parse(path.read_text())
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        shows = {name for name, node in functions.items() if "render_page" in _names_in(node)}
        for name, node in functions.items():
            guards = {guard.id for guard in node.decorator_list if isinstance(guard, ast.Name)}
            if "require_POST" in guards and ({name} | _names_in(node)) & shows:
                closed.append(f"{path.name}:{name}")
    assert closed == []


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: Path(path).name)
def test_what_is_sent_in_place_never_becomes_the_address_of_the_page(path: Path) -> None:
    """An address that takes forms alone cannot be reloaded; `hx-push-url` is inherited, so each says that it does not push."""
    tags = re.findall(r"<[a-z][^<>]*\shx-post=(?:\"[^\"]*\"|[^<>])*>", path.read_text())
    assert [tag for tag in tags if 'hx-push-url="false"' not in tag] == []
