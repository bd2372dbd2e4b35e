"""What the trail did not take is kept, once, whoever sends it how often; and an incident of its writer begins."""

import hashlib
from importlib import import_module

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from operations.models import Incident, RejectedEvent
from operations.rejected.services import RejectedText, keep_rejected
from tests.support.concurrency import at_once
from tests.support.factories.keys import writer_key
from trail.connection import Trail

SECRET = "fm2_" + "QUJD" * 12


def _bad(text: str = "{}", reason: str = "event.id: expected a text, got 5") -> RejectedText:
    return RejectedText(text, reason, "event.id", "invalid")


@pytest.mark.django_db
def test_what_is_kept_says_who_sent_it_how_and_why_it_was_refused() -> None:
    keep_rejected("billing", "http", [_bad('{"event": {"id": 5}}')])
    row = RejectedEvent.objects.get()
    assert (row.writer, row.source, row.text, row.field) == ("billing", "http", '{"event": {"id": 5}}', "event.id")
    assert (row.reason, row.cause) == ("event.id: expected a text, got 5", "event.id: expected a text")
    assert (row.status, row.state, row.count) == ("invalid", "waiting", 1)


@pytest.mark.django_db
def test_the_same_text_again_is_counted_and_not_kept_twice() -> None:
    keep_rejected("billing", "http", [_bad("a"), _bad("a"), _bad("b")])
    keep_rejected("billing", "http", [_bad("a")])
    keep_rejected("mail", "http", [_bad("a")])
    assert sorted(RejectedEvent.objects.values_list("writer", "content", "count")) == [
        ("billing", b"a", 3),
        ("billing", b"b", 1),
        ("mail", b"a", 1),
    ]


@pytest.mark.django_db
def test_each_writer_has_one_incident_with_the_number_of_events() -> None:
    keep_rejected("billing", "http", [_bad("a"), _bad("b")])
    keep_rejected("billing", "http", (_bad(str(n)) for n in range(1_200)))
    keep_rejected("mail", "http", [RejectedText("c", "another event is stored under this id", "event.id", "conflict")])
    assert list(Incident.objects.order_by("pk").values_list("kind", "subject", "events", "failures")) == [
        ("rejected", "billing", 1_202, 2),
        ("conflict", "mail", 1, 1),
    ]


@pytest.mark.django_db
def test_what_was_decided_about_is_counted_without_a_new_incident() -> None:
    keep_rejected("billing", "http", [_bad("a")])
    RejectedEvent.objects.update(state="discarded")
    Incident.objects.update(resolved_at="2026-01-01T00:00:00Z")
    keep_rejected("billing", "http", [_bad("a")])
    assert RejectedEvent.objects.get().count == 2
    assert not Incident.objects.filter(resolved_at=None).exists()


@pytest.mark.django_db
def test_no_secret_is_kept() -> None:
    keep_rejected("billing", "http", [_bad(f'{{"token": "{SECRET}"}}')])
    assert RejectedEvent.objects.get().text == (
        f'{{"token": "[removed secret sha256:{hashlib.sha256(SECRET.encode()).hexdigest()}]"}}'
    )


@pytest.mark.django_db
@given(st.binary(max_size=50))
def test_any_bytes_are_kept_exactly(content: bytes) -> None:
    RejectedEvent.objects.all()._raw_delete("default")
    keep_rejected("billing", "http", [_bad(content.decode("utf-8", "surrogateescape"))])
    row = RejectedEvent.objects.get()
    assert bytes(row.content) == content
    assert row.text.encode("utf-8", "surrogateescape") == content
    assert row.digest == hashlib.sha256(content).hexdigest()


@pytest.mark.django_db
@pytest.mark.parametrize("hostile", ["\0", "\ud800", "x" * 5_000, ""])
def test_hostile_words_are_kept_as_far_as_a_row_holds_them(hostile: str) -> None:
    keep_rejected(f"w{hostile}", hostile, [RejectedText(hostile, hostile, hostile, "invalid")])
    assert RejectedEvent.objects.get().count == 1
    assert Incident.objects.get().events == 1


@pytest.mark.django_db
def test_texts_that_were_kept_before_are_read_as_they_came(ada: User, trail: Trail) -> None:
    writer_key(ada, writer="one-way", format="syslog")
    writer_key(ada, writer="two-ways", format="syslog")
    writer_key(ada, writer="two-ways", format="okta")
    for writer, source in (
        ("one-way", "/api/v1/ingest/_bulk"),
        ("one-way", "/api/v1/events"),
        ("two-ways", "/api/v1/ingest/_bulk"),
        ("okta", "import:okta"),
        ("okta", "ship /var/spool/tokens"),
    ):
        keep_rejected(writer, source, [_bad(f"{writer} {source}")])
    import_module("operations.migrations.0012_formats_of_rejected_texts").keep_formats(apps, None)
    rows = RejectedEvent.objects.order_by("pk").values_list("writer", "source", "format", "dataset")
    assert list(rows) == [
        ("one-way", "/api/v1/ingest/_bulk", "syslog", "test"),
        ("one-way", "/api/v1/events", "", "test"),
        ("two-ways", "/api/v1/ingest/_bulk", "", ""),
        ("okta", "import:okta", "okta", ""),
        ("okta", "ship /var/spool/tokens", "", ""),
    ]


@pytest.mark.django_db
def test_a_row_cannot_be_deleted() -> None:
    keep_rejected("billing", "http", [_bad()])
    with pytest.raises(TypeError, match="for ever"):
        RejectedEvent.objects.get().delete()


@pytest.mark.django_db(transaction=True)
def test_two_who_keep_the_same_at_once_keep_it_once() -> None:
    def work() -> None:
        keep_rejected("billing", "http", [_bad(str(n)) for n in range(50)])

    at_once(*[work] * 4)
    assert set(RejectedEvent.objects.values_list("count", flat=True)) == {4}
    assert RejectedEvent.objects.count() == 50
    assert Incident.objects.get().events == 200
