"""Changes what people think of evidence: its relevance, its tags, and which hypothesis it speaks to."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from core.errors import Conflict
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open, split_tags
from investigations.evidence.custody import Action, record_custody
from investigations.hypotheses.services import link_evidence
from investigations.models import Evidence, EvidenceTag, Hypothesis

FOR, AGAINST = "for", "against"


def read_annotation(evidence: Evidence) -> dict[str, object]:
    """What a form holds of evidence, with its revision; a hypothesis is chosen anew each time."""
    return {
        "relevance": evidence.relevance,
        "tags": ", ".join(tag.name for tag in evidence.tags.all()),
        "hypothesis": "",
        "speaks": FOR,
        "revision": evidence.revision,
    }


@transaction.atomic
def annotate(
    *,
    evidence: Evidence,
    relevance: str,
    tags: str,
    revision: int,
    by: User,
    hypothesis: Hypothesis | None = None,
    speaks: str = FOR,
) -> list[str]:
    """Say how relevant it is, tag it, and say which hypothesis it speaks to; the words that changed. The copy stays as it is.

    `revision` is the one that `by` was shown. On record in the trail and in custody.
    Raises CaseClosed; Conflict when somebody has changed it since.
    """
    hold_open(evidence.case)
    current = Evidence.objects.select_for_update().get(pk=evidence.pk)
    current.case = evidence.case
    words = {"relevance": relevance, "tags": ", ".join(split_tags(tags))}
    before = read_annotation(current)
    changed = [name for name, word in words.items() if before[name] != word]
    details = [f"{name}: {words[name] or 'none'}" for name in changed]
    event_id = ""
    if changed:
        if current.revision != revision:
            raise Conflict
        event_id = _change(current, changed, relevance, words["tags"], by)
    if hypothesis and link_evidence(hypothesis=hypothesis, evidence=current, speaks_for=speaks == FOR, by=by):
        details.append(f"speaks {speaks} hypothesis {hypothesis.number}")
    if details:
        record_custody([current], Action.ANNOTATE, by=by, detail="; ".join(details), event_id=event_id)
    return details


def _change(evidence: Evidence, changed: list[str], relevance: str, tags: str, by: User) -> str:
    """Keep relevance and tags, on record; the id of the record."""
    evidence.relevance = relevance
    evidence.revision += 1
    evidence.save(update_fields=["relevance", "revision"])
    set_tags([evidence], tags)
    evidence.case.save(update_fields=["changed_at"])
    summary = f"changed the {' and the '.join(changed)} of {evidence.label}"
    labels = {"event": evidence.event_id, "changed": ",".join(changed), "relevance": relevance}
    return record_in_case(CaseAction.EVIDENCE_ANNOTATE, summary, by=by, case=evidence.case, labels=labels)


def set_tags(evidence: list[Evidence], tags: str) -> None:
    """Tag evidence with these words and no others; they stand one after the other with commas between."""
    EvidenceTag.objects.filter(evidence__in=evidence).delete()
    tag_new((each, tags) for each in evidence)


def tag_new(pairs: Iterable[tuple[Evidence, str]]) -> None:
    """Tag evidence that has no tags, each piece with words of its own."""
    EvidenceTag.objects.bulk_create(
        EvidenceTag(evidence=each, name=name) for each, tags in pairs for name in split_tags(tags)
    )
