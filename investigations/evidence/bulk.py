"""Changes several pieces of evidence of a case at once, all of them or none: their relevance and tags, or withdraws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from accounts.models import User
from core.errors import Refused
from investigations.audit import CaseAction, record_in_case
from investigations.cases.bulk import MOST_TAGS
from investigations.cases.services import hold_open
from investigations.evidence.custody import Action, record_custody
from investigations.evidence.records import withdraw_evidence
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.models import Case, Evidence, EvidenceTag

MOST_EVIDENCE = 500


@dataclass(frozen=True, slots=True)
class EvidenceChange:
    """What is changed in each piece; an empty text leaves it as it is. A tag is as `split_tags` keeps it."""

    relevance: str = ""
    add_tag: str = ""
    remove_tag: str = ""

    def describe(self) -> str:
        """The change in words, as custody has it."""
        parts = (("relevance: ", self.relevance), ("tag: ", self.add_tag), ("tag taken off: ", self.remove_tag))
        return "; ".join(f"{words}{value}" for words, value in parts if value)


@transaction.atomic
def annotate_all(*, case: Case, revisions: Mapping[int, int], change: EvidenceChange, by: User) -> list[Evidence]:
    """Change the relevance and the tags of all of this evidence; what is so already stays as it was. Those that were changed.

    `revisions` are those that `by` was shown, by the evidence's numbers. On record once in the trail, and in custody of each.
    Raises CaseClosed; Refused for none, for no change, for more than MOST_EVIDENCE, for more than MOST_TAGS tags on one, for
    what is not in the case or withdrawn, and where somebody has changed one since: then nothing is changed.
    """
    if change == EvidenceChange():
        raise Refused("Say what is to be changed in the chosen evidence.")
    hold_open(case)
    chosen = _hold_evidence(case, list(revisions))
    tags = {each.pk: {tag.name for tag in each.tags.all()} for each in chosen}
    wanted = {each.pk: (tags[each.pk] | ({change.add_tag} - {""})) - {change.remove_tag} for each in chosen}
    changed = [each for each in chosen if wanted[each.pk] != tags[each.pk] or _is_other(each, change)]
    if stale := [each.number for each in changed if each.revision != revisions[each.number]]:
        raise Refused(f"Somebody has changed {write_numbers(stale)} meanwhile; look again. Nothing was changed.")
    if full := [each.number for each in changed if len(wanted[each.pk]) > max(MOST_TAGS, len(tags[each.pk]))]:
        raise Refused(f"{write_numbers(full)} would have more than {MOST_TAGS} tags. Nothing was changed.")
    if changed:
        _keep(changed, change)
        _record(CaseAction.EVIDENCE_ANNOTATE, Action.ANNOTATE, "changed", changed, change.describe(), by)
    return changed


def _is_other(evidence: Evidence, change: EvidenceChange) -> bool:
    return bool(change.relevance) and evidence.relevance != change.relevance


def _keep(changed: Sequence[Evidence], change: EvidenceChange) -> None:
    keys = [each.pk for each in changed]
    words = {"relevance": change.relevance} if change.relevance else {}
    Evidence.objects.filter(pk__in=keys).update(revision=F("revision") + 1, **words)
    if change.remove_tag:
        EvidenceTag.objects.filter(evidence__in=keys, name=change.remove_tag).delete()
    if change.add_tag and change.add_tag != change.remove_tag:
        rows = [EvidenceTag(evidence_id=key, name=change.add_tag) for key in keys]
        EvidenceTag.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def withdraw_all(*, case: Case, numbers: Sequence[int], reason: str, by: User) -> list[Evidence]:
    """Take all of this evidence out of the timeline and exports, for one reason. It stays on record.

    On record once in the trail, and in custody of each. Raises CaseClosed; Refused without a reason, for none, for more than
    MOST_EVIDENCE, and for what is not in the case or was withdrawn before: then nothing is withdrawn.
    """
    if not reason.strip():
        raise Refused("Say why: the reason stays beside what was withdrawn.", "reason")
    hold_open(case)
    chosen = _hold_evidence(case, numbers)
    withdraw_evidence(case, chosen, reason=reason.strip(), by=by)
    _record(CaseAction.EVIDENCE_WITHDRAW, Action.WITHDRAW, "withdrew", chosen, "", by)
    return chosen


def _hold_evidence(case: Case, numbers: Sequence[int]) -> list[Evidence]:
    """The evidence of these numbers, none of it withdrawn. Raises Refused."""
    if not numbers:
        raise Refused("Choose at least one piece of evidence.")
    if len(numbers) > MOST_EVIDENCE:
        raise Refused(f"Change at most {MOST_EVIDENCE} pieces of evidence at once; {len(numbers)} are chosen.")
    rows = case.evidence.select_for_update().not_withdrawn().filter(number__in=numbers)
    chosen = list(rows.order_by("number").prefetch_related("tags"))
    if missing := set(numbers) - {each.number for each in chosen}:
        raise Refused(f"{write_numbers(missing)} is not in the case, or withdrawn. Nothing was changed.")
    for each in chosen:
        each.case = case
    return chosen


def _record(action: CaseAction, act: Action, verb: str, evidence: Sequence[Evidence], detail: str, by: User) -> None:
    """One record in the trail that names them all, as far as a label holds their digests, and custody of each."""
    case = evidence[0].case
    case.save(update_fields=["changed_at"])
    numbers = write_numbers(each.number for each in evidence)
    pairs = " ".join(f"{each.event_id}={each.digest}" for each in evidence[:40])
    labels = {"count": str(len(evidence)), "evidence": pairs, "numbers": numbers[:1_000], "changed": detail}
    summary = f"{verb} {numbers}{f': {detail}' if detail else ''}"
    event_id = record_in_case(action, summary, by=by, case=case, labels=labels)
    record_custody(evidence, act, by=by, detail=detail, event_id=event_id)
