"""Tests what holds for every template, whichever page it is of."""

import pytest
from django.conf import settings

LONGEST = 160
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_no_line_of_a_template_is_longer_than_a_screen(path) -> None:
    long = [number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > LONGEST]
    assert not long, f"Break these lines of {path.name}: {long}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_what_is_loaded_into_a_place_leads_nowhere_into_that_place(path) -> None:
    """Links that are loaded inherit the target of what holds them: the element that loads itself away names it."""
    assert 'hx-target="this"' not in path.read_text()
