"""Rows of the table of events: what each says, what is marked, and that what a writer wrote does nothing there."""

import re
from typing import Any

from investigations.presentation.event_rows import RowContext, TableRow, build_table_rows
from tests.support.factories.events import event, revoke, use
from trail.documents import get
from trail.questions.revocations import Endings
from trail.search.execute import Hit
from trail.search.spec import Search

USUAL, NOTHING = Search(), RowContext()
COLUMNS = USUAL.columns
EVIL = '"><script>alert(1)</script>\u202e'


def _hit(document: dict[str, Any]) -> Hit:
    return Hit(document["event"]["id"], "x", document["@timestamp"], document, ())


def _rows(*documents: dict[str, Any], search: Search = USUAL, context: RowContext = NOTHING) -> list[TableRow]:
    return build_table_rows([_hit(document) for document in documents], search, context)


def _cells(row: TableRow) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", row.markup)


def test_a_day_is_said_once_and_a_row_says_its_time_to_the_millisecond() -> None:
    rows = _rows(
        use("t", at="2026-11-12T14:24:11.623978147Z"),
        use("t", at="2026-11-12T14:16:00Z"),
        use("t", at="2026-11-11T23:59:59.9Z"),
    )
    assert [("row--day" in row.markup, _cells(row)[1]) for row in rows] == [
        (True, "<b>12 Nov</b>"),
        (False, ""),
        (True, "<b>11 Nov</b>"),
    ]
    assert 'datetime="2026-11-12T14:24:11.623978147Z">14:24:11<span class="ms">.623</span>' in rows[0].markup
    assert '16:00<span class="ms">.000</span>' in rows[1].markup
    assert '59:59<span class="ms">.900</span>' in rows[2].markup


def test_denied_is_told_by_its_reason_and_keeps_the_events_own_word_to_be_copied() -> None:
    denied, plain, accepted = _rows(
        use("t", event__outcome="failure", event__reason="revoked"), use("t", event__outcome="failure"), use("t")
    )
    assert '<td class="c-outcome" data-value="failure">revoked</td>' in denied.markup
    assert '<td class="c-outcome" data-value="failure">denied</td>' in plain.markup
    assert '<td class="c-outcome" data-value="success">accepted</td>' in accepted.markup


def test_rows_after_the_end_of_their_token_are_marked_and_the_end_is_a_line_where_it_lies() -> None:
    ending = revoke("t", at="2026-11-12T12:00:00Z", user__id="ada")
    late, other, early = (
        use("t", id="late", at="2026-11-12T13:00:00Z"),
        use("u", id="other", at="2026-11-12T12:30:00Z"),
        use("t", id="early", at="2026-11-12T11:00:00Z"),
    )
    context = RowContext(endings=Endings({"t": (_hit(ending),)}))
    rows = _rows(late, other, early, context=context)
    assert ["row--after" in row.markup for row in rows] == [True, False, False]
    assert [[line.by for line in row.lines] for row in rows] == [[], [], ["ada"]]
    upwards = _rows(early, other, late, context=context, search=Search(sort=("@timestamp", "asc")))
    assert [bool(row.lines) for row in upwards] == [False, True, False]
    assert not any(row.lines for row in _rows(late, early, context=context, search=Search(sort=("user.id", "asc"))))


def test_a_token_that_was_restored_is_not_marked_any_more() -> None:
    ending = revoke("t", at="2026-11-12T12:00:00Z")
    back = event(at="2026-11-12T12:10:00Z", token__id="t", token__operation="token.restore")
    context = RowContext(endings=Endings({"t": (_hit(ending), _hit(back))}))
    between, after = _rows(use("t", at="2026-11-12T12:05:00Z"), use("t", at="2026-11-12T12:15:00Z"), context=context)
    assert "row--after" in between.markup
    assert "row--after" not in after.markup


def test_a_first_one_is_marked_beside_the_value_that_is_new() -> None:
    document = use("t", id="e", user__id="ada", service__name="secrets")
    (row,) = _rows(document, context=RowContext(kinds_by_event={"e": ("token_address", "token_service")}))
    token, address = (re.search(rf'<td class="{look}">(.*?)</td>', row.markup) for look in ("c-token", "c-address"))
    assert token is not None
    assert address is not None
    assert token[1].endswith("service</span>")
    assert address[1].endswith("token</span>")


def test_what_is_evidence_shows_its_number_and_who_may_not_pin_chooses_nothing() -> None:
    document = use("t", id="e")
    (pinned,) = _rows(document, context=RowContext(pinned={"e": ("E2", "/cases/c/evidence/2/")}))
    assert _cells(pinned)[0] == '<a class="pinned" href="/cases/c/evidence/2/" title="Evidence E2">E2</a>'
    (read,) = _rows(document, context=RowContext(may_pin=False))
    assert _cells(read)[0] == ""
    assert 'class="c-proof is-unsealed">not sealed yet' in read.markup
    (sealed,) = _rows(document, context=RowContext(sealed=frozenset({"e"})))
    assert 'class="c-proof">sealed' in sealed.markup


def test_what_a_writer_wrote_does_nothing_wherever_it_stands() -> None:
    names = [name for name in COLUMNS if name not in ("@timestamp", "source.ip", "event.outcome")]
    values = {name.replace(".", "__"): EVIL for name in names}
    document = event(id=EVIL, event__outcome="failure", event__reason=EVIL, source__ip="192.0.2.1", **values)
    (row,) = _rows(document)
    assert get(document, "token.id") == EVIL
    assert "<script" not in row.markup
    assert "\u202e" not in re.sub(r'(data-event|value)="[^"]*"', "", row.markup)
    assert row.markup.count("⟨U+202E⟩") >= len(names)


def test_without_the_time_as_a_column_the_row_still_opens() -> None:
    (row,) = _rows(use("t", id="e"), search=Search(columns=("token.id",)))
    assert '<a class="open" href="/events/e/" data-open><span class="hidden">Open</span></a>' in row.markup
    assert len(_cells(row)) == 4
