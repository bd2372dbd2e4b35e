"""The parts of forms: what people type in several lines is kept with one newline a line, and shown so."""

from collections.abc import Iterator

import pytest
from django import forms
from django.template import Context, Template
from django.test import Client
from django.urls import get_resolver
from pytest_django.asserts import assertContains

from accounts.models import User
from core.forms import TextArea, join_lines, text_area
from investigations.models import Case, Note

# Lists of values, which are split where they are read: a value may hold a carriage return of its own.
LISTS = {("FilterForm", "values"), ("EvidenceFilterForm", "values"), ("IndicatorListForm", "indicators")}


def _forms(kind: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _forms(inner)


@pytest.mark.parametrize(("typed", "text"), [("a\r\nb\r\n", "a\nb\n"), ("a\rb", "a\nb"), ("a\nb", "a\nb"), ("", "")])
def test_each_line_ends_in_one_newline_whoever_wrote_it(typed: str, text: str) -> None:
    assert join_lines(typed) == text
    assert text_area(3).value_from_datadict({"t": typed}, {}, "t") == text


def test_every_form_of_the_console_takes_text_of_several_lines_so() -> None:
    assert get_resolver().url_patterns
    rooms = ("accounts.", "core.", "operations.", "investigations.")
    areas = {
        (form.__name__, name): field.widget
        for form in _forms()
        if form.__module__.startswith(rooms)
        for name, field in form.base_fields.items()
        if isinstance(field.widget, forms.Textarea)
    }
    assert len(areas) > 8
    assert {place for place, widget in areas.items() if not isinstance(widget, TextArea)} == LISTS


def test_a_note_of_several_lines_is_kept_and_shown_without_signs_for_its_line_ends(
    client: Client, case: Case, alice: User
) -> None:
    client.force_login(alice)
    client.post(f"/cases/{case.public_id}/notes/", {"text": "one\r\ntwo"})
    assert Note.objects.get().text == "one\ntwo"
    Note.objects.update(text="of\r\nold")
    response = client.get(f"/cases/{case.public_id}/notes/")
    assertContains(response, "of<br>\nold")
    assert "U+000D" not in response.content.decode()


def test_what_cannot_be_seen_in_a_note_is_spelled_out_all_the_same() -> None:
    shown = Template("{% load console %}{{ text|lines }}").render(Context({"text": "<b>\u202e\r\nx"}))
    assert shown == "&lt;b&gt;⟨U+202E⟩<br>x"
