"""The menu by which a case or a run leaves as a file: what is chosen there, and how it is watched in its place."""

import csv
import io
import re
from codecs import BOM_UTF8

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.exports import services as exports
from investigations.exports.formats import csv as csv_export
from investigations.exports.formats.csv import HEADER, CsvShape
from investigations.exports.rows import ExportRow
from investigations.models import Case, Export
from tests.support.factories.cases import pin, run
from tests.support.factories.events import event, use, write
from tests.support.pages import bytes_of, text_of
from trail.canonical_form import compute_digest
from trail.connection import Trail

MENU = {"HX-Request": "true", "HX-Target": "export-watch"}


@pytest.fixture
def page(case: Case, alice: User, trail: Trail) -> str:
    pin(trail, case, alice, use("t", id="e1"), reason="=1+1")
    return f"/cases/{case.public_id}/export/"


def _watch(client: Client, export: Export) -> HttpResponse:
    return client.get(f"/exports/{export.public_id}/", headers=MENU)


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_csv_has_the_chosen_columns_in_the_files_order_and_a_mark_where_it_is_asked_for(
    client: Client, bob: User, page: str
) -> None:
    client.force_login(bob)
    client.post(page, {"format": "csv", "column": ["event.id", "evidence", "reason"], "bom": "on"})
    made = Export.objects.get()
    exports.write_export(made.pk)
    content = bytes_of(client.get(f"/exports/{made.public_id}/file/"))
    assert content.startswith(BOM_UTF8)
    assert _read(content) == [["evidence", "reason", "event.id"], ["E1", "'=1+1", "e1"]]
    shown = client.get(f"/exports/{made.public_id}/")
    for text in ("evidence, reason, event.id", "with a byte order mark", "an apostrophe stands before"):
        assertContains(shown, text)


@pytest.mark.parametrize("columns", [[], list(HEADER)])
def test_a_csv_has_every_column_where_none_or_each_is_chosen(
    client: Client, bob: User, page: str, columns: list[str]
) -> None:
    client.force_login(bob)
    client.post(page, {"format": "csv", "column": columns})
    made = Export.objects.get()
    exports.write_export(made.pk)
    content = bytes_of(client.get(f"/exports/{made.public_id}/file/"))
    assert content.startswith(b"evidence,")
    assert _read(content)[0] == list(HEADER)
    assert made.columns == []


@given(st.lists(st.sampled_from(HEADER), min_size=1, unique=True), st.booleans())
def test_any_columns_are_those_of_the_whole_file(columns: list[str], has_bom: bool) -> None:
    document = event(user__id="=1", source__ip="192.0.2.7")
    row = ExportRow(document, compute_digest(document), "E1", "line\nline", "Alice", "2026-11-24T00:00:00.000000Z")
    whole, part = (
        _read(b"".join(line for line, _ in csv_export.lines([row], shape)))
        for shape in (CsvShape(), CsvShape(tuple(columns), has_bom))
    )
    of_whole = dict(zip(*whole, strict=True))
    assert part == [columns, [of_whole[name] for name in columns]]


def test_a_column_that_there_is_none_of_starts_nothing(client: Client, bob: User, page: str) -> None:
    client.force_login(bob)
    assertContains(client.post(page, {"column": "no.such"}, follow=True), "no.such is not one of the available choices")
    assert not Export.objects.exists()


def test_another_format_keeps_nothing_of_what_is_a_csvs_alone(client: Client, bob: User, page: str) -> None:
    client.force_login(bob)
    client.post(page, {"format": "jsonl", "column": "evidence", "bom": "on"})
    made = Export.objects.get()
    assert (made.columns, made.has_bom) == ([], False)


def test_it_is_watched_in_the_menu_and_the_file_comes_once_with_its_link_staying(
    client: Client, bob: User, page: str
) -> None:
    client.force_login(bob)
    started = client.post(page, {"format": "csv"}, headers=MENU)
    made = Export.objects.get()
    for text in ("Queued", 'hx-trigger="every 1s"', f'hx-get="/exports/{made.public_id}/"', "Cancel the export"):
        assertContains(started, text)
    assertNotContains(started, "<html")
    assertNotContains(_watch(client, made), "data-take")
    exports.write_export(made.pk)
    finished = text_of(_watch(client, made))
    assert re.search(rf'href="/exports/{made.public_id}/file/"\s+data-take', finished)
    assert "hx-trigger" not in finished
    assert "data-take" not in text_of(client.get(page.removesuffix("export/")))


def test_it_is_stopped_in_the_menu(client: Client, bob: User, page: str) -> None:
    client.force_login(bob)
    client.post(page, {"format": "csv"}, headers=MENU)
    made = Export.objects.get()
    stopped = client.post(f"/exports/{made.public_id}/cancel/", headers=MENU)
    assertContains(stopped, "Cancelled")
    assertNotContains(stopped, "hx-trigger")
    exports.write_export(made.pk)
    assertNotContains(_watch(client, made), "data-take")
    again = client.post(f"/exports/{made.public_id}/cancel/", headers=MENU)
    assertContains(again, "This export is over already.")


def test_the_menu_says_in_its_place_why_nothing_is_exported(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1"))
    finished = run(alice, text="token.id:t")
    client.force_login(alice)
    refused = client.post(f"/runs/{finished.public_id}/export/", {"format": "case_bundle"}, headers=MENU)
    assertContains(refused, "A case bundle is made of a case")
    assertNotContains(refused, "hx-trigger")
    assert not Export.objects.exists()


def test_a_run_is_not_offered_what_is_a_cases_alone(client: Client, alice: User, page: str, trail: Trail) -> None:
    write(trail, use("t", id="e2"))
    client.force_login(alice)
    assertContains(client.get(page.removesuffix("export/")), 'value="case_bundle"')
    of_run = client.get(f"/runs/{run(alice, text='token.id:t').public_id}/")
    assertContains(of_run, 'value="bundle"')
    assertNotContains(of_run, 'value="case_bundle"')
