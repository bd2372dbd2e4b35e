"""Keeps how the report of a case is put together, and hands the report out as a file, which is put on record first."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.admission import admit_report
from investigations.audit import CaseAction, record_in_case
from investigations.evidence import custody
from investigations.evidence.custody import Action
from investigations.models import Case, CaseReport, RedactionProfile, ReportTemplate
from investigations.redaction.services import build_case_redactor
from investigations.reports.content import build_report, list_sections
from investigations.reports.html import render_report, write_html
from investigations.reports.markdown import write_markdown
from investigations.reports.pdf import write_pdf
from investigations.reports.structure import Report


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """How a format is called, how its file ends, as what it is sent, and what writes it."""

    name: str
    suffix: str
    content_type: str
    write: Callable[[Report], bytes]


FORMATS = {
    "pdf": ReportFormat("PDF", "pdf", "application/pdf", write_pdf),
    "html": ReportFormat("HTML", "html", "text/html; charset=utf-8", write_html),
    "markdown": ReportFormat("Markdown", "md", "text/markdown; charset=utf-8", write_markdown),
}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report as a file."""

    name: str
    content_type: str
    content: bytes


def read_choice(case: Case) -> CaseReport:
    """How the report of the case is put together; the usual way where nobody has said. One query."""
    return CaseReport.objects.filter(case=case).select_related("case").first() or CaseReport(case=case)


@transaction.atomic
def change_report(
    *,
    case: Case,
    by: User,
    revision: int,
    title: str,
    is_draft: bool,
    sections: list[str],
    left_out: list[str],
    introduction: str = "",
    closing: str = "",
) -> None:
    """Put the report together otherwise. What is so already changes nothing.

    A closed case has its report all the same: it says nothing of the case, and is often made when it is closed.
    Raises Conflict when somebody has changed it since `revision`, which `by` was shown.
    """
    Case.objects.select_for_update().get(pk=case.pk)
    choice = read_choice(case)
    new = {"title": title, "is_draft": is_draft, "sections": sections, "left_out": left_out}
    new |= {"introduction": introduction, "closing": closing}
    if choice.pk is not None and all(getattr(choice, name) == value for name, value in new.items()):
        return
    if choice.revision != revision:
        raise Conflict
    for name, value in new.items():
        setattr(choice, name, value)
    choice.revision += 1
    choice.changed_by_name, choice.changed_at = by.name or by.username, timezone.now()
    choice.save()
    state = "draft" if is_draft else "final"
    labels = {"state": state, "sections": ",".join(key for key in sections if key not in left_out)}
    record_in_case(CaseAction.REPORT_CHANGE, f"put the report together ({state})", by=by, case=case, labels=labels)


def use_template(*, case: Case, template: ReportTemplate, by: User) -> None:
    """Put the report of the case together as the template has it; its title and whether it is a draft stay.

    Raises Refused for a template that is retired; Conflict when somebody changes the report at that moment.
    """
    if template.retired:
        raise Refused("This template is retired; choose another.")
    choice = read_choice(case)
    shown = list_sections(template)
    change_report(
        case=case,
        by=by,
        revision=choice.revision,
        title=choice.title,
        is_draft=choice.is_draft,
        sections=[key for key, _ in shown],
        left_out=[key for key, is_shown in shown if not is_shown],
        introduction=template.introduction,
        closing=template.closing,
    )


def render_preview(*, case: Case, by: User) -> SafeString:
    """The report as its page shows it, made in the same turn as its file. Raises Busy."""
    with admit_report(by):
        return render_report(build_report(read_choice(case), by, timezone.now()))


def hand_out(*, case: Case, by: User, format: str, redaction: RedactionProfile | None = None) -> ReportFile:
    """The report as a file of one of FORMATS; that it was taken is put on record with its digest, or there is none.

    It is redacted by a profile where one is named. The custody of the evidence that it shows says so too.

    Raises Refused, NotTypeset, Busy, TrailUnavailable, WriteRefused.
    """
    kind, choice = FORMATS[format], read_choice(case)
    with admit_report(by):
        redactor = build_case_redactor(redaction, case) if redaction else None
        report = build_report(choice, by, timezone.now(), redactor)
        content = kind.write(report)
    state = "draft" if report.is_draft else "final"
    labels = {
        "format": format,
        "state": state,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": str(len(content)),
        "sections": ",".join(section.key for section in report.sections),
    }
    if redaction:
        labels["redaction"] = redaction.public_id
    state_in_name = f"{'-draft' if report.is_draft else ''}{'-redacted' if redaction else ''}"
    name = f"{case.number}-report{state_in_name}.{kind.suffix}"
    with transaction.atomic():
        custody.record_details(case, ((key, name) for key in report.evidence), Action.EXPORT, by=by)
        record_in_case(
            CaseAction.REPORT_DOWNLOAD, f"took the report as {kind.name} ({state})", by=by, case=case, labels=labels
        )
    return ReportFile(name, kind.content_type, content)
