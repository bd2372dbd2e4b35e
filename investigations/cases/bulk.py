"""Changes many cases at once, each by itself: what cannot be changed holds up none of the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from accounts.models import User
from core.errors import Conflict, Refused
from investigations import access
from investigations.cases import services
from investigations.cases.errors import CaseClosed
from investigations.models import Case, Membership
from trail.errors import TrailUnavailable, WriteRefused

MOST_CASES, MOST_TAGS = 100, 20
MOST_TOGETHER = 10  # cases whose timelines are shown as one
NO_RECORD = "the trail does not take the record of it, and nothing is changed without one"
NOBODY, PERSON = "nobody", "user:"  # an assignee as the form names them; the empty text is no change


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What is changed in each case; an empty text leaves it as it is. `assignee` is NOBODY, or PERSON and a username."""

    severity: str = ""
    assignee: str = ""
    add_tag: str = ""
    remove_tag: str = ""
    contained: bool = False


@dataclass(slots=True)
class BulkResult:
    """The numbers of the cases that were changed, that were so before, and that were refused, by the reason why."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)


def change_cases(*, revisions: dict[str, int], change: BulkChange, by: User) -> BulkResult:
    """Change each of these cases as a whole or not at all, on record like any change; what became of each.

    `revisions` are those that `by` was shown, by the cases' public ids. Cases that they may not know of are counted as none. The
    first that the trail does not take ends it, so that nobody waits for each of the others. Raises Refused for none, for more
    than MOST_CASES, and for no change.
    """
    if not revisions:
        raise Refused("Choose at least one case.")
    if len(revisions) > MOST_CASES:
        raise Refused(f"Change at most {MOST_CASES} cases at once; {len(revisions)} are chosen.")
    if change == BulkChange():
        raise Refused("Say what is to be changed in the chosen cases.")
    result = BulkResult()
    # In one order, so that two changes at once do not wait for each other.
    cases = Case.objects.visible_to(by).filter(public_id__in=revisions).order_by("pk")
    trail_answers = True
    for case in list(cases.select_related("assignee").prefetch_related("tags")):
        try:
            if not trail_answers:
                raise Refused(NO_RECORD)
            is_changed = _change_case(case, revisions[case.public_id], change, by)
            (result.changed if is_changed else result.unchanged).append(case.number)
        except Refused as refused:
            result.refused.setdefault(_shorten(refused), []).append(case.number)
        except (TrailUnavailable, WriteRefused):
            trail_answers = False
            result.refused[NO_RECORD] = [case.number]
    return result


def _shorten(refused: Refused) -> str:
    """The reason as part of a sentence."""
    if isinstance(refused, CaseClosed):
        return "closed"
    if isinstance(refused, Conflict):
        return "somebody changed it meanwhile"
    return refused.sentence.removesuffix(".")


@transaction.atomic
def _change_case(case: Case, revision: int, change: BulkChange, by: User) -> bool:
    """Whether anything is other than before. Raises Refused."""
    if not access.may_write(by, case):
        raise Refused("you may only read it")
    if change.contained and not access.may_lead(by, case):
        raise Refused("you do not lead it")
    if not case.is_open:
        raise CaseClosed
    words = _build_words(case, change)
    changed = services.change(case=case, by=by, revision=revision, **words) if words else []
    was_open = case.status == Case.Status.OPEN
    if change.contained:
        services.contain(case=case, by=by)
    return bool(changed) or (change.contained and was_open)


def _build_words(case: Case, change: BulkChange) -> dict[str, str]:
    """What `services.change` is to set."""
    words = {}
    if change.severity:
        words["severity"] = change.severity
    if change.assignee:
        words["assignee"] = "" if change.assignee == NOBODY else change.assignee.removeprefix(PERSON)
    if change.add_tag or change.remove_tag:
        before = {tag.name for tag in case.tags.all()}
        tags = (before | set(services.split_tags(change.add_tag))) - set(services.split_tags(change.remove_tag))
        if len(tags) > max(MOST_TAGS, len(before)):
            raise Refused(f"it would have more than {MOST_TAGS} tags")
        words["tags"] = ", ".join(tags)
    return words


def list_numbers(keys: Iterable[str], *, by: User) -> list[str]:
    """The numbers of the cases with these public ids that this person may know of, in order. One query."""
    cases = Case.objects.visible_to(by).filter(public_id__in=list(keys))
    return list(cases.order_by("number").values_list("number", flat=True))


def list_writers(cases: Iterable[Case]) -> list[tuple[str, str]]:
    """Nobody, and who may write to any of these cases, as the choices of a field. One query."""
    users = User.objects.filter(
        is_active=True,
        pk__in=Membership.objects.filter(case__in=[case.pk for case in cases], level__in=Membership.WRITERS).values(
            "user"
        ),
    )
    return [(NOBODY, "Nobody"), *((f"{PERSON}{user.username}", str(user)) for user in users.order_by("username"))]
