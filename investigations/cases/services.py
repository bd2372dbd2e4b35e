"""Changes cases, one function for each change: atomic, and on record in the trail."""

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from accounts.models import User
from accounts.roles import may_investigate
from core.errors import Conflict, Refused
from investigations import access
from investigations.audit import CaseAction, record_in_case
from investigations.cases.errors import CaseClosed
from investigations.cases.numbers import allot_number
from investigations.models import Case, CaseTag, CaseTask, CaseTemplate, Evidence, Membership

# What `change` changes, and how people call it.
CHANGEABLE = {
    "title": "title",
    "description": "summary",
    "severity": "severity",
    "assignee": "assignee",
    "tags": "tags",
}


@transaction.atomic
def open_case(
    *,
    title: str,
    by: User,
    description: str = "",
    severity: str = Case.Severity.MEDIUM,
    tags: str = "",
    restricted: bool = False,
    template: CaseTemplate | None = None,
) -> Case:
    """A new case that `by` leads, and that is theirs. `tags` stand one after the other with commas between.

    Of a template the tasks come with it; what else the template says, `by` was shown and may have changed.
    """
    case = Case.objects.create(
        number=allot_number(timezone.now().year),
        title=title,
        description=description,
        severity=severity,
        assignee=by,
        is_restricted=restricted,
        template=template,
        opened_by=by,
        opened_by_name=by.name or by.username,
    )
    Membership.objects.create(case=case, user=by, level=Membership.Level.LEAD)
    _set_tags(case, tags)
    _add_tasks(case)
    _record_opening(case, by)
    return case


def _add_tasks(case: Case) -> None:
    """What is to be done in every case of its template."""
    titles = case.template.task_titles if case.template else []
    CaseTask.objects.bulk_create(
        CaseTask(case=case, number=number, title=title, created_by_name=case.opened_by_name)
        for number, title in enumerate(titles, start=1)
    )


def _record_opening(case: Case, by: User) -> None:
    labels, words = {"severity": case.severity}, ["opened the case"]
    if case.template:
        labels |= {"template": case.template.slug, "tasks": case.template.tasks}
        words.append(f"from the template {case.template}")
    if case.is_restricted:
        labels["restricted"] = "true"
        words.append("restricted to its members")
    record_in_case(CaseAction.CASE_OPEN, ", ".join(words), by=by, case=case, labels=labels)


def hold_open(case: Case) -> None:
    """Hold the case's row, so that changes come one after the other, and nobody closes it meanwhile. Raises CaseClosed."""
    if not Case.objects.select_for_update().get(pk=case.pk).is_open:
        raise CaseClosed


def read_changeable_words(case: Case) -> dict[str, object]:
    """What `change` may change, as a form holds it, with its revision."""
    return {
        "title": case.title,
        "description": case.description,
        "severity": case.severity,
        "assignee": case.assignee.username if case.assignee else "",
        "tags": ", ".join(tag.name for tag in case.tags.all()),
        "revision": case.revision,
    }


@transaction.atomic
def change(*, case: Case, by: User, revision: int, **words: str) -> list[str]:
    """Change title, description, severity, assignee (a username, or nobody) or tags; the names of what really changed.

    `revision` is the one that `by` was shown. Raises CaseClosed; Conflict when somebody has changed the case since; Refused
    for an assignee who may not write to the case.
    """
    current = Case.objects.select_for_update().get(pk=case.pk)
    if "tags" in words:
        words["tags"] = ", ".join(split_tags(words["tags"]))
    before = read_changeable_words(current)
    changed = [name for name in CHANGEABLE if name in words and before[name] != words[name]]
    if not changed:
        return []
    if not current.is_open:
        raise CaseClosed
    if current.revision != revision:
        raise Conflict
    for name in changed:
        _set_word(current, name, words[name])
    current.revision += 1
    current.save()
    record_in_case(
        CaseAction.CASE_CHANGE,
        f"changed the {' and the '.join(CHANGEABLE[name] for name in changed)}",
        by=by,
        case=current,
        labels={"changed": ",".join(changed), "severity": current.severity},
    )
    return changed


def _set_word(case: Case, name: str, word: str) -> None:
    if name == "tags":
        _set_tags(case, word)
    elif name == "assignee":
        case.assignee = find_assignee(case, word)
    else:
        setattr(case, name, word)


def find_assignee(case: Case, username: str) -> User | None:
    """Who may write to the case by this name; None for no name. Raises Refused."""
    if not username:
        return None
    writer = case.memberships.filter(
        user__username=username, level__in=Membership.WRITERS, user__is_active=True
    ).first()
    if writer is None:
        raise Refused(f"{username} may not write to this case; add them as a member first.", "assignee")
    return writer.user


def split_tags(text: str) -> list[str]:
    """Tags as they are kept: small letters, each once, in order."""
    return sorted({" ".join(tag.split()).lower() for tag in text.split(",")} - {""})


def _set_tags(case: Case, text: str) -> None:
    case.tags.all().delete()
    CaseTag.objects.bulk_create(CaseTag(case=case, name=name) for name in split_tags(text))


def count_contents(case: Case) -> dict[str, int]:
    """How much is in the case: what is pinned, of it by kind, what is not known to be sealed, notes, open tasks."""
    pinned = case.evidence.not_withdrawn().order_by()
    kinds = dict(pinned.values_list("kind").annotate(Count("kind")))
    unsealed = pinned.filter(leaf=None, foreign=None, kind=Evidence.Kind.EVENT)
    counts = {
        "evidence": sum(kinds.values()),
        "events": kinds.get(Evidence.Kind.EVENT, 0),
        "absences": kinds.get(Evidence.Kind.ABSENCE, 0),
        "result_sets": kinds.get(Evidence.Kind.RESULT_SET, 0),
        "findings": kinds.get(Evidence.Kind.FINDING, 0),
        "unproved": unsealed.count(),
    }
    counts["open_tasks"] = case.tasks.filter(state=CaseTask.State.OPEN).count()
    return counts | {"notes": case.notes.latest_versions().count()}


def find_newest_activity(case: Case) -> int:
    """The key of the last thing that was done in the case, 0 of none; it grows with each."""
    return case.activities.order_by().aggregate(newest=Max("pk"))["newest"] or 0


def describe_news(case: Case, *, since: int, but: User) -> str:
    """In a sentence what others did since an activity; the empty text where nobody did anything."""
    news = list(case.activities.filter(pk__gt=since).exclude(actor=but).order_by("-pk")[:2])
    if not news:
        return ""
    more = ", and more" if len(news) > 1 else ""
    return f"{news[0].actor_name} {news[0].summary}{more}"


@transaction.atomic
def contain(*, case: Case, by: User) -> None:
    """Say that it goes no further; work goes on. Of a case that is contained or closed this changes nothing."""
    _hold_led(case, by)
    open_ones = Case.objects.filter(pk=case.pk, status=Case.Status.OPEN)
    if open_ones.update(status=Case.Status.CONTAINED, changed_at=timezone.now()):
        _record_status(CaseAction.CASE_CONTAIN, "marked the case as contained", case, by)


@transaction.atomic
def close(*, case: Case, by: User, disposition: str, reason: str) -> None:
    """No more evidence, notes or changes until it is reopened. Closing a closed case changes nothing.

    Raises Refused without a disposition or a reason.
    """
    if disposition not in Case.Disposition.values:
        raise Refused("Say what it turned out to be.", "disposition")
    if not reason.strip():
        raise Refused("Say why the case is closed.", "reason")
    _hold_led(case, by)
    now = timezone.now()
    closed = (
        Case.objects.filter(pk=case.pk)
        .not_closed()
        .update(
            status=Case.Status.CLOSED,
            disposition=disposition,
            closing_reason=reason.strip(),
            closed_at=now,
            changed_at=now,
        )
    )
    if closed:
        words = Case.Disposition(disposition).label.partition(":")[0].lower()
        _record_status(CaseAction.CASE_CLOSE, f"closed the case: {words}", case, by, {"disposition": disposition})


@transaction.atomic
def reopen(*, case: Case, by: User) -> None:
    """Take evidence, notes and changes again; what is contained is open again. Reopening an open case changes nothing.

    Raises Refused for a case that was merged into another: the work is there.
    """
    if Case.objects.filter(pk=case.pk).exclude(merged_into=None).exists():
        raise Refused("This case was merged into another one; work goes on there.")
    _hold_led(case, by)
    others = Case.objects.filter(pk=case.pk).exclude(status=Case.Status.OPEN)
    if others.update(
        status=Case.Status.OPEN, disposition="", closing_reason="", closed_at=None, changed_at=timezone.now()
    ):
        _record_status(CaseAction.CASE_REOPEN, "reopened the case", case, by)


def _record_status(
    action: CaseAction, summary: str, case: Case, by: User, labels: dict[str, str] | None = None
) -> None:
    case.refresh_from_db()
    record_in_case(action, summary, by=by, case=case, labels=labels)


@transaction.atomic
def add_member(*, case: Case, user: User, level: str, by: User) -> Membership:
    """Let somebody into the case, or change how.

    Raises Refused when it would leave the case without a lead, or when `by` does not lead it any more.
    """
    if level != Membership.Level.READER and not may_investigate(user):
        raise Refused(f"{user.username} is a viewer and can only read cases; choose “Reads only”.", "level")
    _hold_led(case, by)
    membership = case.memberships.filter(user=user).first()
    if membership is None:
        membership = Membership.objects.create(case=case, user=user, level=level)
        record_in_case(
            CaseAction.MEMBER_ADD,
            f"added {user.username} ({membership.get_level_display().lower()})",
            by=by,
            case=case,
            labels={"member": user.username, "level": level},
        )
    elif membership.level != level:
        _keep_a_lead(case, membership, level)
        membership.level = level
        membership.save(update_fields=["level"])
        record_in_case(
            CaseAction.MEMBER_CHANGE,
            f"changed {user.username} to {membership.get_level_display().lower()}",
            by=by,
            case=case,
            labels={"member": user.username, "level": level},
        )
    return membership


@transaction.atomic
def remove_member(*, case: Case, user: User, by: User) -> None:
    """Let somebody out of the case; their work stays.

    Raises Refused for the last lead, and when `by` does not lead the case any more.
    """
    _hold_led(case, by)
    membership = case.memberships.filter(user=user).first()
    if membership is None:
        return
    _keep_a_lead(case, membership, None)
    membership.delete()
    labels = {"member": user.username}
    record_in_case(CaseAction.MEMBER_REMOVE, f"removed {user.username}", by=by, case=case, labels=labels)


def _hold_led(case: Case, by: User) -> None:
    """Hold the case's row, so that changes of a lead come one after the other, and `by` is a lead now. Raises Refused."""
    if not access.may_lead(by, Case.objects.select_for_update().get(pk=case.pk)):
        raise Refused("You do not lead this case any more.")


def _keep_a_lead(case: Case, membership: Membership, level: str | None) -> None:
    lead = Membership.Level.LEAD
    other_leads = case.memberships.filter(level=lead).exclude(pk=membership.pk)
    if membership.level == lead and level != lead and not other_leads.exists():
        raise Refused(f"{membership.user.username} is the only lead of this case; name another lead first.", "level")
