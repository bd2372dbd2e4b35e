"""Changes what people think of evidence, its relevance and its tags: atomic, on record in the trail and in custody."""

from django.db import transaction

from accounts.models import User
from core.errors import Conflict
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open, split_tags
from investigations.evidence.custody import Action, record_custody
from investigations.models import Evidence, EvidenceTag


def read_annotation(evidence: Evidence) -> dict[str, object]:
    """What `annotate` may change, as a form holds it, with its revision."""
    return {
        "relevance": evidence.relevance,
        "tags": ", ".join(tag.name for tag in evidence.tags.all()),
        "revision": evidence.revision,
    }


@transaction.atomic
def annotate(*, evidence: Evidence, relevance: str, tags: str, revision: int, by: User) -> list[str]:
    """Say how relevant it is, and tag it; the names of what really changed. The frozen copy stays as it is.

    `revision` is the one that `by` was shown. Raises CaseClosed; Conflict when somebody has changed it since.
    """
    hold_open(evidence.case)
    current = Evidence.objects.select_for_update().get(pk=evidence.pk)
    words = {"relevance": relevance, "tags": ", ".join(split_tags(tags))}
    before = read_annotation(current)
    changed = [name for name, word in words.items() if before[name] != word]
    if not changed:
        return []
    if current.revision != revision:
        raise Conflict
    current.relevance = relevance
    current.revision += 1
    current.save(update_fields=["relevance", "revision"])
    current.tags.all().delete()
    EvidenceTag.objects.bulk_create(EvidenceTag(evidence=current, name=name) for name in split_tags(tags))
    evidence.case.save(update_fields=["changed_at"])
    summary = f"changed the {' and the '.join(changed)} of {current.label}"
    labels = {"event": current.event_id, "changed": ",".join(changed), "relevance": relevance}
    event_id = record_in_case(CaseAction.EVIDENCE_ANNOTATE, summary, by=by, case=evidence.case, labels=labels)
    detail = "; ".join(f"{name}: {words[name] or 'none'}" for name in changed)
    record_custody([current], Action.ANNOTATE, by=by, detail=detail, event_id=event_id)
    return changed
