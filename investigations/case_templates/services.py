"""Changes the templates of cases: atomic, and on record in the trail."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from core.errors import Conflict
from investigations.audit import CaseAction, record
from investigations.models import CaseTemplate, SavedQuery
from investigations.template_names import expect_free_name

WORDS = ("name", "summary", "severity", "tags", "tasks", "retired")


def read_words(template: CaseTemplate) -> dict[str, object]:
    """What `change_template` may change, as a form holds it, with its revision."""
    words = {name: getattr(template, name) for name in WORDS}
    return words | {"queries": list_queries(template), "revision": template.revision}


def list_queries(template: CaseTemplate) -> list[str]:
    """The names in addresses of the saved queries that come with it, in order."""
    return list(template.queries.order_by("slug").values_list("slug", flat=True))


@transaction.atomic
def make_template(*, slug: str, by: User | None, queries: Sequence[str] = (), **words: object) -> CaseTemplate:
    """A new one; `by` is None for what comes with the console. Raises Refused for a name that is taken."""
    expect_free_name(CaseTemplate.objects.all(), str(words["name"]), slug=slug)
    template = CaseTemplate.objects.create(slug=slug, changed_by_name=by.name or by.username if by else "", **words)
    template.queries.set(SavedQuery.objects.filter(slug__in=queries))
    _record(template, by, list(WORDS))
    return template


@transaction.atomic
def change_template(
    *, template: CaseTemplate, revision: int, by: User, queries: Sequence[str], **words: object
) -> list[str]:
    """Change it; the names of what really changed. Cases that were opened from it stay as they are.

    Raises Conflict when somebody has changed it since `revision`; Refused for a name that is taken.
    """
    current = CaseTemplate.objects.select_for_update().get(pk=template.pk)
    new = words | {"queries": sorted(queries)}
    before = read_words(current)
    changed = [name for name, word in new.items() if before[name] != word]
    if not changed:
        return []
    if current.revision != revision:
        raise Conflict
    expect_free_name(CaseTemplate.objects.all(), str(words["name"]), other_than=current.pk)
    for name, word in words.items():
        setattr(current, name, word)
    current.revision += 1
    current.changed_by_name = by.name or by.username
    current.save()
    current.queries.set(SavedQuery.objects.filter(slug__in=queries))
    _record(current, by, changed)
    return changed


def _record(template: CaseTemplate, by: User | None, changed: Sequence[str]) -> None:
    if by is None:
        return
    labels = {name: str(getattr(template, name)) for name in WORDS} | {
        "template": template.slug,
        "changed": ",".join(changed),
        "queries": ",".join(list_queries(template)),
    }
    record(CaseAction.CASE_TEMPLATE_SAVE, by=by, resource=("case-template", template.slug), labels=labels)
