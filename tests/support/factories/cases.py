"""Cases and what hangs on them, made the way people make them: through the services, on the real trail."""

from typing import Any

from accounts.models import User
from investigations.case_templates import services as case_templates
from investigations.cases import services as cases
from investigations.evidence import services as evidence_services
from investigations.evidence.services import PinWords
from investigations.exports import services as exports
from investigations.library import services as library
from investigations.models import (
    AcceptedKey,
    Case,
    CaseTemplate,
    CaseUpload,
    Evidence,
    Export,
    Membership,
    PinBatch,
    RedactionProfile,
    ReportTemplate,
    Run,
    SavedQuery,
)
from investigations.pin_batches import services as pin_batches
from investigations.report_templates import services as report_templates
from investigations.reports.content import SECTIONS
from investigations.runs import services as runs
from tests.support.factories.events import write
from trail.connection import Trail
from trail.integrity.signed_note import Signer
from trail.search.spec import Search


def open_case(
    by: User, *, title: str = "Leaked deploy token", members: tuple[User, ...] = (), readers: tuple[User, ...] = ()
) -> Case:
    case = cases.open_case(title=title, by=by)
    for user in members:
        cases.add_member(case=case, user=user, level=Membership.Level.MEMBER, by=by)
    for user in readers:
        cases.add_member(case=case, user=user, level=Membership.Level.READER, by=by)
    return case


def close_case(case: Case, by: User) -> None:
    cases.close(case=case, by=by, disposition=Case.Disposition.TRUE_POSITIVE, reason="The token is revoked")


def pin(trail: Trail, case: Case, by: User, *events: dict[str, Any], reason: str = "It matters") -> list[Evidence]:
    """Write the events and pin them."""
    write(trail, *events)
    ids = [event["event"]["id"] for event in events]
    return evidence_services.pin(case=case, event_ids=ids, reason=reason, by=by).new


def run(by: User, *, text: str = "", case: Case | None = None, title: str = "A run") -> Run:
    """A run that has been carried out."""
    made = runs.start(search=Search(text=text), title=title, by=by, case=case)
    runs.execute_run(made.pk)
    made.refresh_from_db()
    return made


def pin_batch(by: User, run: Run, case: Case, *, reason: str = "All of it") -> PinBatch:
    """The pinning of all results of a run, which has been carried out."""
    made = pin_batches.start(case=case, run=run, by=by, words=PinWords(reason))
    pin_batches.pin_results(made.pk)
    made.refresh_from_db()
    return made


def export(by: User, *, format: str = "csv", case: Case | None = None, run: Run | None = None) -> Export:
    """An export whose file is written."""
    made = exports.start(format=format, by=by, case=case, run=run)
    exports.write_export(made.pk)
    made.refresh_from_db()
    return made


def saved_query(
    slug: str, text: str, *parameters: dict[str, str], name: str = "", group: str = "General"
) -> SavedQuery:
    query = SavedQuery(slug=slug, name=name or slug, group=group)
    library.save(query=query, search=Search(text=text), parameters=parameters, by=None)
    return query


def case_upload(by: User, *, words: str = "their.case.zip") -> CaseUpload:
    """A bundle that was taken, without its file; its words are these."""
    described = {"origin": words, "number": words, "title": words, "exported_by": words, "exported_at": words}
    return CaseUpload.objects.create(
        name=words[:255],
        size=1,
        manifest="0" * 64,
        vkey=str(Signer.generate("auditconsole/other").verifier),
        described=described | {"size": 1, "events": 1, "files": 1, "log_keys": [words]},
        uploaded_by=by,
        uploaded_by_name=words[:200],
    )


def redaction_profile(by: User, *, name: str = "No people") -> RedactionProfile:
    words = {"rules": {"user.id": "pseudonym"}, "made_by": by, "made_by_name": name[:200]}
    return RedactionProfile.objects.create(name=name[:80], **words)


def accepted_key(by: User, *, words: str = "By telephone") -> AcceptedKey:
    """The key of another console that somebody accepted."""
    vkey = str(Signer.generate("auditconsole/third").verifier)
    return AcceptedKey.objects.create(vkey=vkey, note=words[:500], accepted_by=by, accepted_by_name=words[:200])


def case_template(by: User, slug: str = "leaked") -> CaseTemplate:
    words = {"name": slug, "summary": "", "severity": "high", "tags": "", "tasks": "Revoke it", "retired": False}
    return case_templates.make_template(slug=slug, by=by, **words)


def report_template(by: User) -> ReportTemplate:
    words: dict[str, Any] = {"sections": list(SECTIONS), "left_out": []}
    return report_templates.make_report_template(slug="court", by=by, name="For the court", **words)
