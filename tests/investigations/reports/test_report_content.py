"""What a report tells of a case, whichever format it is written in."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from investigations.case_tasks import services as tasks
from investigations.clock_skews import services as clock_skews
from investigations.entities import services as entities
from investigations.evidence import services as evidence
from investigations.hypotheses import services as hypotheses
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Activity, Case, CaseReport, CaseTask
from investigations.notes import services as notes
from investigations.reports import case_record, content, custody
from investigations.reports.content import SECTIONS, build_report, list_sections
from investigations.reports.structure import Paragraph, Report, ReportFigure, ReportTable
from tests.support.factories.cases import close_case, run
from tests.support.report_text import list_text

NOW = datetime(2026, 11, 28, 9, 5, 7, tzinfo=UTC)


def _texts(report: Report, key: str) -> str:
    """All that a section says."""
    sections = tuple(section for section in report.sections if section.key == key)
    assert sections, key
    alone = Report("", "", "", False, "", NOW, (), sections)
    return "\n".join(list_text(alone))


def test_it_has_every_section_in_its_usual_order_and_notes_where_somebody_wants_them(told: Case, alice: User) -> None:
    usual = build_report(CaseReport(case=told), alice, NOW)
    assert [section.key for section in usual.sections] == [key for key in SECTIONS if key != "notes"]
    assert usual.is_draft
    assert usual.full_title == "DRAFT: Leaked deploy token"


def test_sections_stand_where_they_were_put_and_one_that_is_new_stands_last(told: Case, alice: User) -> None:
    choice = CaseReport(case=told, sections=["evidence", "of an older version", "summary"], left_out=["summary"])
    assert list_sections(choice)[:2] == [("evidence", True), ("summary", False)]
    assert [section.key for section in build_report(choice, alice, NOW).sections][:2] == ["evidence", "timeline"]


def test_the_head_says_what_the_case_is(report: Report) -> None:
    facts = dict(report.facts)
    assert facts["Period"] == "1 Oct 2026 to 5 Oct 2026"
    assert (facts["Evidence"], facts["Severity"], facts["Status"]) == ("5 events, 1 absence", "Medium", "Open")
    assert report.made_words == "Made by Alice, 28 Nov 2026, 09:05:07 UTC"


def test_the_timeline_is_a_picture_and_the_same_events_folded(report: Report) -> None:
    (section,) = (section for section in report.sections if section.key == "timeline")
    figure, table = (block for block in section.blocks if isinstance(block, ReportFigure | ReportTable))
    assert isinstance(figure, ReportFigure)
    assert figure.svg.startswith("<svg")
    assert "tok" in figure.svg
    assert isinstance(table, ReportTable)
    assert [row[2][0][0].text for row in table.rows] == [
        "E1 to E3",
        "E4",
        "E5",
        "N1",
    ]
    assert table.rows[0][0][0][0].text == "1 Oct 2026, 00:00:00"


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("summary", ["A token stood in a ", "public", "it was used", "Who knew?", "#import"]),
        ("timeline", ["3 alike, the first: User mallory presented token tok", "to 3 Oct 2026, 00:00:00"]),
        ("entities", ["mallory", "malicious", "No colleague", "E1 to E4", "192.0.2.7", "Not judged"]),
        ("hypotheses", ["One intruder", "Supported", "For it: E1 to E3; against it: E4", "one", "Bob, "]),
        ("tasks", ["Rotate the key", "(Bob, by 1 Dec 2026)", "1 task of this case is done or not needed."]),
        ("people", ["opened by Alice", "Leads the case", "Reads only"]),
        ("notes", ["Bob, ", "They ", "know"]),
        ("evidence", ["E1", "2026-10-01 00:00:00.123456781", "Pinned by Bob", "How it began", "event issued, leaf "]),
        ("absences", ["N1", "(E6)", "Nothing was found", "user.id:nobody", "Nobody else"]),
        ("searches", ["token.id:tok, at any time", "E1 to E3", "user.id:nobody", "N1", "All of the token"]),
        ("custody", ["E1 to E3", "Pinned", "Bob", "opened the case", "pinned E1, E2, E3", "console-"]),
        ("verification", ["verify_bundle.py case-", "4 of the 5 events of the case have a leaf", "root hash"]),
    ],
)  # fmt: skip
def test_each_section_tells_its_part(report: Report, key: str, texts: list[str]) -> None:
    told = _texts(report, key)
    assert [text for text in texts if text not in told] == []


def test_evidence_stands_with_its_whole_digest_and_what_was_withdrawn_does_not(
    choice: CaseReport, told: Case, alice: User
) -> None:
    first, *others = told.evidence.filter(kind="event")
    evidence.withdraw(evidence=first, reason="Not ours", by=alice)
    shown = _texts(build_report(choice, alice, NOW), "evidence")
    assert first.digest not in shown
    assert all(f"SHA-256 {each.digest}" in shown for each in others)
    assert "Withdrawn" in shown
    assert "Not ours" in shown


def test_every_time_is_utc_wherever_its_reader_is(choice: CaseReport, alice: User) -> None:
    with timezone.override("Asia/Tokyo"):
        elsewhere = build_report(choice, alice, NOW)
    assert elsewhere == build_report(choice, alice, NOW)


def test_a_closed_case_says_how_it_ended(choice: CaseReport, told: Case, alice: User) -> None:
    close_case(told, alice)
    told.refresh_from_db()
    report = build_report(choice, alice, NOW)
    assert dict(report.facts)["Status"] == "Closed, true positive"
    assert "The token is revoked" in _texts(report, "summary")


def test_an_empty_case_says_of_each_section_that_there_is_nothing(case: Case, alice: User) -> None:
    Activity.objects.filter(case=case)._raw_delete("default")
    report = build_report(CaseReport(case=case, sections=list(SECTIONS)), alice, NOW)
    for section in report.sections:
        assert any(isinstance(block, Paragraph) for block in section.blocks), section.key
    assert dict(report.facts)["Period"] == "no event"


def test_what_is_too_much_for_a_report_is_left_out_and_said(
    choice: CaseReport, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_record, "MOST_EVIDENCE", 2)
    monkeypatch.setattr(custody, "MOST_ENTRIES", 3)
    report = build_report(choice, alice, NOW)
    for key in ("timeline", "evidence"):
        assert "This lists the first 2 of 5 events, in the order of time. The other 3 are in the case." in _texts(
            report, key
        )
    assert "E3" not in _texts(report, "evidence").split()
    assert "This lists the first 3 of " in _texts(report, "custody")
    assert dict(report.facts)["Evidence"].startswith("5 events")


def test_it_takes_as_many_queries_however_much_is_in_the_case(
    choice: CaseReport, told: Case, alice: User, bob: User
) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            build_report(CaseReport(case=Case.objects.get(pk=told.pk), sections=choice.sections), alice, NOW)
        return len(queries)

    before = count_queries()
    for number in range(9):
        pinned = told.evidence.earliest("pk")
        pinned.pk, pinned._state.adding = None, True
        pinned.number, pinned.event_id = 100 + number, f"copy {number}"
        pinned.save()
        hypothesis = hypotheses.add_hypothesis(case=told, statement=f"Perhaps {number}", by=alice)
        words = hypotheses.read_words(hypothesis) | {"supporting": f"E1, E{100 + number}"}
        hypotheses.change_hypothesis(hypothesis=hypothesis, by=alice, **words)
        tasks.add_task(case=told, title=f"Do {number}", by=alice, assignee="bob")
        notes.write_note(case=told, text=f"Note {number}", by=bob)
        entities.judge_entity(case=told, field="user.id", value=f"u{number}", word="victim", reason="", by=bob)
        run(alice, text="token.id:tok", case=told)
    assert count_queries() == before


def test_settled_tasks_hide_no_open_one_however_many_they_are(case: Case, alice: User) -> None:
    state, number = CaseTask.State, case_record.MOST_ROWS
    CaseTask.objects.bulk_create(
        CaseTask(case=case, number=each, title=f"Task {each}", state=state.DONE if each <= number else state.OPEN)
        for each in range(1, number + 3)
    )
    told_words = _texts(build_report(CaseReport(case=case), alice, NOW), "tasks")
    assert "Nothing is left to do" not in told_words
    assert f"Task {number + 1}" in told_words
    assert f"{number} tasks of this case are done or not needed." in told_words


def test_searches_say_so_where_not_all_evidence_is_held(
    told: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = CaseReport(case=told)
    assert "are listed for" not in _texts(build_report(choice, alice, NOW), "searches")
    monkeypatch.setattr(case_record, "MOST_EVIDENCE", 1)
    words = _texts(build_report(choice, alice, NOW), "searches")
    assert "Searches are listed for the 2 of 6 pieces of evidence that this report holds." in words


def test_what_people_wrote_has_an_end_that_is_said_and_costs_no_other_section(
    told: Case, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_PROSE", 40)
    notes.write_note(case=told, text="\n\n".join(["again"] * 100), by=bob)
    whole = build_report(CaseReport(case=told, sections=list(SECTIONS), left_out=[]), alice, NOW)
    words = _texts(whole, "notes")
    assert 1 < words.count("again") < 40
    assert "The rest of this section is left out" in words
    assert "The rest of this section is left out" not in _texts(whole, "summary")
    assert "E1" in _texts(whole, "evidence")


def test_what_was_entered_by_hand_and_clock_skews_stand_in_the_timeline(told: Case, alice: User) -> None:
    for starts, title, phase in (
        ("2026-10-02T12:00:00Z", "They <called", ""),
        ("2026-10-09T00:00:00Z", "Closed", "contained"),
    ):
        words = ManualEventWords(kind="call", title=title, starts=starts, phase=phase)
        manual_events.add_manual_event(case=told, words=words, by=alice)
    clock_skews.add_clock_skew(
        case=told, field="event.dataset", value="auth", offset=95_200_000_000, reason="NTP", by=alice
    )
    report = build_report(CaseReport(case=told), alice, NOW)
    (section,) = (section for section in report.sections if section.key == "timeline")
    (table,) = (block for block in section.blocks if isinstance(block, ReportTable))
    last = ["".join(span.text for span in row[2][0]) for row in table.rows]
    assert [label for label in last if label.startswith("M")] == ["M1", "M2"]
    assert last.index("M1") == 1
    assert "Contained" in str(table.rows)
    assert "entered by hand by Alice" in str(table.rows)
    assert "The clock of auth was 1 min 35.2 s ahead (NTP)" in str(section.blocks)
    figure = next(block for block in section.blocks if isinstance(block, ReportFigure))
    assert "Entered by hand" in figure.svg
    assert ">E1</text>" in figure.svg
