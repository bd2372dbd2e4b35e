"""Merges one case into another: nothing is lost, both numbers stay good, and both cases have it on record."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations import access
from investigations.audit import CaseAction, record_in_case
from investigations.case_merge import contents
from investigations.cases.errors import CaseClosed
from investigations.evidence.copies import CopiedEvidence, copy_evidence
from investigations.evidence.custody import Action, record_details
from investigations.models import Case, ForeignCase

# What is copied within one transaction, and for as long as nobody else may change either case.
MOST_EVIDENCE = 2_000


def find_target(*, number: str, by: User) -> Case:
    """The case of this number, which `by` leads. Raises Refused, in the same words for a case that they may not know of."""
    target = Case.objects.visible_to(by).filter(number=number).first()
    if target is None or not access.may_lead(by, target):
        raise Refused(f"There is no case {number} that you lead.", "number")
    return target


@transaction.atomic
def merge_cases(*, source: Case, target: Case, reason: str, by: User) -> dict[str, int]:
    """Close `source` as a duplicate and copy into `target` what is worked on; how much of each kind is new there.

    Copied are events, open tasks, hypotheses, notes, what was entered by hand, clock skews, verdicts, tags and members.
    `source` keeps all that it holds, and alone has its absences, result sets, findings, withdrawn evidence, settled tasks,
    earlier versions of notes and of what was entered by hand, attachments, runs, exports and custody.

    Raises CaseClosed; Refused without a reason, for who does not lead both, for a case into itself, for a restricted case into
    one that is not, for more than MOST_EVIDENCE events, and for evidence that is not what was pinned; TrailUnavailable.
    """
    if not reason.strip():
        raise Refused("Say why the cases are one.", "reason")
    if source.pk == target.pk:
        raise Refused("A case cannot be merged into itself.", "number")
    # In one order, so that two merges at once do not wait for each other.
    locked = Case.objects.select_for_update().order_by("pk").in_bulk([source.pk, target.pk])
    source, target = locked[source.pk], locked[target.pk]
    _check_pair(source, target, by)
    members = contents.copy_members(source, target)
    copied = copy_evidence(source=source, target=target, by=by)
    counts = {
        "evidence": len(copied.origins),
        "hypotheses": contents.copy_hypotheses(source, target, copied.numbers),
        "tasks": contents.copy_open_tasks(source, target),
        "notes": contents.copy_notes(source, target, copied.numbers, by=by),
        "manual_events": contents.copy_manual_events(source, target, copied.numbers, by=by),
        "verdicts": contents.copy_verdicts(source, target, by=by),
        "members": members,
    }
    contents.copy_clock_skews(source, target)
    contents.copy_tags(source, target)
    target.revision += 1  # its tags: who changes them from a page that was shown before is told
    target.save(update_fields=["revision", "changed_at"])
    _close_source(source, target, reason.strip(), by)
    _record_in_target(source, target, reason.strip(), copied, counts, by)
    return counts


def _check_pair(source: Case, target: Case, by: User) -> None:
    if not (access.may_lead(by, source) and access.may_lead(by, target)):
        raise Refused("Only who leads both cases may merge them.")
    if ForeignCase.objects.filter(case__in=(source, target)).exists():
        raise Refused(
            "A case that came from another console stays by itself: its evidence is proved by that console's log."
        )
    if not source.is_open:
        raise CaseClosed
    if not target.is_open:
        raise Refused(f"{target.number} is closed; reopen it first.", "number")
    if source.is_restricted and not target.is_restricted:
        raise Refused(
            f"{source.number} is restricted and {target.number} is not: people would see what is hidden from them.",
            "number",
        )
    number = source.evidence.not_withdrawn().count()
    if number > MOST_EVIDENCE:
        raise Refused(
            f"{source.number} holds {number:,} pieces of evidence; a case of at most {MOST_EVIDENCE:,} is merged."
        )


def _close_source(source: Case, target: Case, reason: str, by: User) -> None:
    """Close it. Those who see it are not told the number of a restricted case: they may not be in that one."""
    now = timezone.now()
    source.status, source.disposition = Case.Status.CLOSED, Case.Disposition.DUPLICATE
    source.closing_reason, source.closed_at, source.merged_into = reason, now, target
    source.save(update_fields=["status", "disposition", "closing_reason", "closed_at", "merged_into", "changed_at"])
    name = "a restricted case" if target.is_restricted else target.number
    labels = {"disposition": source.disposition, "into": "" if target.is_restricted else target.public_id}
    record_in_case(CaseAction.CASE_MERGE, f"merged the case into {name}", by=by, case=source, labels=labels)


def _record_in_target(
    source: Case, target: Case, reason: str, copied: CopiedEvidence, counts: Mapping[str, int], by: User
) -> None:
    """On record with the digests of what was pinned, as any pin is."""
    labels = {"merged": "" if source.is_restricted else source.public_id, "evidence": " ".join(copied.labels)}
    labels |= {"count": str(counts["evidence"]), "notes": str(counts["notes"]), "tasks": str(counts["tasks"])}
    summary = f"merged {source.outward_name} into the case: {reason}"
    event_id = record_in_case(CaseAction.CASE_MERGE, summary, by=by, case=target, labels=labels)
    record_details(target, copied.origins, Action.PIN, by=by, event_id=event_id)
