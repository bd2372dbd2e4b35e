"""Copies what people wrote in one case into another, and who is in it."""

import re
from collections.abc import Mapping

from accounts.models import User
from accounts.roles import may_investigate
from core.records import fit_text, next_number
from investigations.cases.bulk import MOST_TAGS
from investigations.entities.services import mark_shared_entities
from investigations.hypotheses.services import list_hypotheses
from investigations.manual_events.services import build_version
from investigations.models import (
    Case,
    CaseEntity,
    CaseTag,
    CaseTask,
    ClockSkew,
    Hypothesis,
    HypothesisEvidence,
    ManualEvent,
    ManualEventVersion,
    Membership,
    Note,
    Verdict,
)

Level = Membership.Level
_RANKS = {Level.READER: 0, Level.MEMBER: 1, Level.LEAD: 2}
_EVIDENCE = re.compile(r"(?<![\w-])E([0-9]{1,9})(?![\w-])")


def renumber(text: str, source: Case, numbers: Mapping[int, int]) -> str:
    """A text of `source` with its evidence numbered as in the other case; what is not there is called C-2026-0007-E3."""

    def replace(match: re.Match[str]) -> str:
        number = numbers.get(int(match[1]))
        return source.name_evidence(int(match[1])) if number is None else f"E{number}"

    return _EVIDENCE.sub(replace, text)


def copy_members(source: Case, target: Case) -> int:
    """Let the people of `source` into `target` at their level there, and lower nobody's; how many are new.

    Who is shut out of the console is left out; who only reads by their role, only reads.
    """
    present = {membership.user_id: membership for membership in target.memberships.all()}
    new = []
    for membership in source.memberships.filter(user__is_active=True).select_related("user"):
        level = Level(membership.level) if may_investigate(membership.user) else Level.READER
        here = present.get(membership.user_id)
        if here is None:
            new.append(Membership(case=target, user=membership.user, level=level))
        elif _RANKS[level] > _RANKS[Level(here.level)]:
            here.level = level
            here.save(update_fields=["level"])
    Membership.objects.bulk_create(new)
    return len(new)


def copy_tags(source: Case, target: Case) -> None:
    """Add the tags of `source`, up to as many as a case may have."""
    present = {tag.name for tag in target.tags.all()}
    names = [tag.name for tag in source.tags.all() if tag.name not in present]
    room = max(0, MOST_TAGS - len(present))
    CaseTag.objects.bulk_create(CaseTag(case=target, name=name) for name in names[:room])


def copy_open_tasks(source: Case, target: Case) -> int:
    """Add what is still to be done, with whose it is where they may write to `target`; how many tasks."""
    writers = set(target.memberships.filter(level__in=Membership.WRITERS).values_list("user", flat=True))
    tasks = source.tasks.filter(state=CaseTask.State.OPEN).order_by("number")
    new = [
        CaseTask(
            case=target,
            number=number,
            title=task.title,
            assignee_id=task.assignee_id if task.assignee_id in writers else None,
            due=task.due,
            created_by_name=task.created_by_name,
        )
        for number, task in enumerate(tasks, next_number(target.tasks))
    ]
    return len(CaseTask.objects.bulk_create(new))


def copy_hypotheses(source: Case, target: Case, numbers: Mapping[int, int]) -> int:
    """Add the hypotheses with their state and answer, and with their evidence as it is numbered in `target`; how many.

    Evidence that `target` does not have is named in the answer, so that it is known to speak.
    """
    originals = list(list_hypotheses(source))
    new = [
        Hypothesis(
            case=target,
            number=number,
            statement=fit_text(renumber(each.statement, source, numbers), 300),
            state=each.state,
            answer=_build_answer(each, source, numbers),
            created_by_name=each.created_by_name,
            changed_by_name=each.changed_by_name,
            changed_at=each.changed_at,
        )
        for number, each in enumerate(originals, next_number(target.hypotheses))
    ]
    Hypothesis.objects.bulk_create(new)
    keys = dict(target.evidence.filter(number__in=numbers.values()).values_list("number", "pk"))
    HypothesisEvidence.objects.bulk_create(
        HypothesisEvidence(hypothesis=copy, evidence_id=keys[numbers[link.evidence.number]], speaks_for=link.speaks_for)
        for each, copy in zip(originals, new, strict=True)
        for link in each.evidence_links.all()
        if link.evidence.number in numbers
    )
    return len(new)


def _build_answer(hypothesis: Hypothesis, source: Case, numbers: Mapping[int, int]) -> str:
    absent = [
        f"{source.name_evidence(link.evidence.number)} speaks {'for' if link.speaks_for else 'against'} it."
        for link in hypothesis.evidence_links.all()
        if link.evidence.number not in numbers
    ]
    return "\n\n".join(filter(None, (renumber(hypothesis.answer, source, numbers), *absent)))


def copy_manual_events(source: Case, target: Case, numbers: Mapping[int, int], *, by: User) -> int:
    """Add what was entered by hand and is not withdrawn, as it reads now, with who entered it first; how many."""
    new = [
        ManualEvent(
            case=target,
            number=number,
            kind=each.kind,
            title=fit_text(renumber(each.title, source, numbers), 300),
            details=fit_text(renumber(each.details, source, numbers), 5_000),
            starts=each.starts,
            ends=each.ends,
            place=each.place,
            phase=each.phase,
            created_by=each.created_by,
            created_by_name=each.created_by_name,
        )
        for number, each in enumerate(source.manual_events.not_withdrawn(), next_number(target.manual_events))
    ]
    ManualEvent.objects.bulk_create(new)
    ManualEventVersion.objects.bulk_create(build_version(each, by=by) for each in new)
    return len(new)


def copy_clock_skews(source: Case, target: Case) -> None:
    """Add what is noted of the clocks of sources of which `target` says nothing."""
    present = set(target.clock_skews.not_withdrawn().values_list("field", "value"))
    ClockSkew.objects.bulk_create(
        ClockSkew(
            case=target,
            field=each.field,
            value=each.value,
            offset=each.offset,
            reason=each.reason,
            created_by=each.created_by,
            created_by_name=each.created_by_name,
        )
        for each in source.clock_skews.not_withdrawn()
        if (each.field, each.value) not in present
    )


def copy_notes(source: Case, target: Case, numbers: Mapping[int, int], *, by: User) -> int:
    """Add each note as it reads now, under a line that says who wrote it where; how many. Nobody is told of it again."""
    new = [
        Note(case=target, text=_build_text(note, place, source, numbers), author=by, author_name=by.name or by.username)
        for place, note in enumerate(source.notes.latest_versions(), start=1)
    ]
    return len(Note.objects.bulk_create(new))


def _build_text(note: Note, place: int, source: Case, numbers: Mapping[int, int]) -> str:
    head = f"Note {place} of {source.outward_name}, by {note.author_name}, {note.written_at:%Y-%m-%d %H:%M} UTC:"
    return f"{head}\n\n{renumber(note.text, source, numbers)}"


def copy_verdicts(source: Case, target: Case, *, by: User) -> int:
    """Add the latest verdict on each entity on which `target` has none, with who gave it in its reason; how many."""
    latest: dict[tuple[str, str], Verdict] = {}
    for verdict in Verdict.objects.filter(entity__case=source).select_related("entity").order_by("at", "pk"):
        latest[verdict.entity.field, verdict.entity.value] = verdict
    judged = set(CaseEntity.objects.filter(case=target).exclude(verdicts=None).values_list("field", "value"))
    wanted = {pair: verdict for pair, verdict in latest.items() if pair not in judged}
    rows = [CaseEntity(case=target, field=field, value=value) for field, value in wanted]
    CaseEntity.objects.bulk_create(rows, ignore_conflicts=True)
    mark_shared_entities(target, list(wanted))
    values = [value for _, value in wanted]
    entities = {(each.field, each.value): each for each in CaseEntity.objects.filter(case=target, value__in=values)}
    Verdict.objects.bulk_create(
        Verdict(
            entity=entities[pair],
            word=verdict.word,
            reason=fit_text(f"{verdict.by_name} in {source.outward_name}: {verdict.reason}".removesuffix(": "), 500),
            by=by,
            by_name=by.name or by.username,
        )
        for pair, verdict in wanted.items()
    )
    return len(wanted)
