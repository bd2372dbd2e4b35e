"""Makes and retires redaction profiles, and builds what redacts an export or a report by one."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations.audit import CaseAction, record
from investigations.models import Case, Evidence, RedactionProfile
from investigations.redaction.people import list_people
from investigations.redaction.pseudonym_key import derive_key
from investigations.redaction.redactor import KINDS, PERSON, Redactor
from investigations.redaction.searched_values import list_searched_values

AT_ONCE = 1_000  # pieces of evidence


@transaction.atomic
def make_profile(*, name: str, rules: Mapping[str, str], by: User) -> RedactionProfile:
    """A new profile, which is never changed. Raises Refused without a rule, or for a name that is taken."""
    if not rules:
        raise Refused("Choose at least one field to mask or to pseudonymise.")
    if wrong := [name for name in rules if name not in KINDS]:
        raise Refused(f"{wrong[0]} cannot be redacted.")
    if RedactionProfile.objects.filter(name=name).exists():
        raise Refused("A profile has this name; profiles are not changed, so give this one another.", "name")
    try:
        with transaction.atomic():
            profile = RedactionProfile.objects.create(
                name=name, rules=dict(rules), made_by=by, made_by_name=by.name or by.username
            )
    except IntegrityError:
        raise Refused("A profile has this name; give this one another.", "name") from None
    labels = {"name": name, "rules": " ".join(f"{field}={how}" for field, how in sorted(rules.items()))}
    record(CaseAction.REDACTION_MAKE, by=by, resource=("redaction_profile", profile.public_id), labels=labels)
    return profile


@transaction.atomic
def retire_profile(*, profile: RedactionProfile, by: User) -> None:
    """Offer it no more; what names it stays. A second time changes nothing."""
    words = {"retired_at": timezone.now(), "retired_by_name": by.name or by.username}
    if RedactionProfile.objects.filter(pk=profile.pk, retired_at=None).update(**words):
        resource = ("redaction_profile", profile.public_id)
        record(CaseAction.REDACTION_RETIRE, by=by, resource=resource, labels={"name": profile.name})


def list_offered() -> QuerySet[RedactionProfile]:
    """The profiles that somebody who exports may choose."""
    return RedactionProfile.objects.filter(retired_at=None)


def find_profile(public_id: str) -> RedactionProfile | None:
    """The profile that a form names; none for the empty text. Raises Refused for one that is not offered."""
    if not public_id:
        return None
    profile = list_offered().filter(public_id=public_id).first()
    if profile is None:
        raise Refused("There is no such redaction profile any more; nothing left the console.")
    return profile


def build_case_redactor(profile: RedactionProfile, case: Case) -> Redactor:
    """What redacts a case: it knows the values of all of its evidence, withdrawn too, its entities, the sources of its clock
    skews and what was searched for, which people may name in what they write. Raises Refused."""
    redactor = build_redactor(profile, case=case, run_id="", events=_read_events(case))
    for field, value in case.clock_skews.values_list("field", "value"):
        redactor.learn(field, [value])
    for search in _read_searches(case):
        for field, value in list_searched_values(search):
            redactor.learn(field, [value])
    # A run is called as what it searches for, of which nothing is told.
    titles = chain(
        case.runs.values_list("title", flat=True), case.pin_batches.values_list("run__title", flat=True).distinct()
    )
    redactor.leave_out(f"“{title}”" for title in titles)
    return redactor


def _read_searches(case: Case) -> Iterator[Mapping[str, Any]]:
    """Each search by which something was pinned, that was run, or by whose rule a pinned finding was raised."""
    pinned = case.evidence.order_by().values_list("search", flat=True).distinct()
    yield from chain(pinned, case.runs.order_by().values_list("search", flat=True))
    for finding in case.evidence.filter(kind=Evidence.Kind.FINDING).order_by("number").iterator(chunk_size=AT_ONCE):
        yield finding.document["rule"]["search"]


def _read_events(case: Case) -> Iterator[dict[str, Any]]:
    """The events of all evidence of a case, AT_ONCE in a query."""
    last = 0
    events = case.evidence.filter(kind=Evidence.Kind.EVENT).order_by("number")
    while batch := list(events.filter(number__gt=last)[:AT_ONCE]):
        yield from (evidence.document for evidence in batch)
        last = batch[-1].number


def build_redactor(
    profile: RedactionProfile, *, case: Case | None, run_id: str, events: Iterable[Mapping[str, Any]]
) -> Redactor:
    """What redacts one case, or the results of a run outside a case, once it knows the values of these events.

    Of a case it knows the entities too, which may stand in no event, and where it hides people at all those of the console and
    whoever else did something in the case.
    Raises Refused.
    """
    subject = f"case:{case.public_id}" if case else f"run:{run_id}"
    # The ids of a run may be millions; what people wrote, which may name one, is of a case.
    redactor = Redactor(profile.rules, derive_key(subject), knows_ids=case is not None)
    for document in events:
        redactor.collect(document)
    for field, value in case.entities.values_list("field", "value") if case else ():
        redactor.learn(field, [value])
        if field in PERSON:
            redactor.learn_person({field: value})
    if case and redactor.hides_people:
        for person in list_people(case):
            redactor.learn_person(person)
    return redactor


def describe_profile(profile: RedactionProfile) -> dict[str, Any]:
    """What a file says of how it was redacted: which fields, and not which values."""
    return {"profile": profile.name, "id": profile.public_id, "fields": dict(sorted(profile.rules.items()))}
