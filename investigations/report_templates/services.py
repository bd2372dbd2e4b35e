"""Changes the templates of reports: atomic, and on record in the trail."""

from typing import Any

from django.db import transaction

from accounts.models import User
from core.errors import Conflict
from investigations.audit import CaseAction, record
from investigations.models import ReportTemplate
from investigations.template_names import expect_free_name

WORDS = ("name", "introduction", "closing", "sections", "left_out", "retired")


@transaction.atomic
def make_report_template(*, slug: str, by: User, **words: Any) -> ReportTemplate:
    """A new one. Raises Refused for a name that is taken."""
    expect_free_name(ReportTemplate.objects.all(), words["name"], slug=slug)
    template = ReportTemplate.objects.create(slug=slug, changed_by_name=by.name or by.username, **words)
    _record(template, by, list(WORDS))
    return template


@transaction.atomic
def change_report_template(*, template: ReportTemplate, revision: int, by: User, **words: Any) -> list[str]:
    """Change it; the names of what really changed. Reports that were put together by it stay as they are.

    Raises Conflict when somebody has changed it since `revision`; Refused for a name that is taken.
    """
    current = ReportTemplate.objects.select_for_update().get(pk=template.pk)
    changed = [name for name, word in words.items() if getattr(current, name) != word]
    if not changed:
        return []
    if current.revision != revision:
        raise Conflict
    expect_free_name(ReportTemplate.objects.all(), words["name"], other_than=current.pk)
    for name, word in words.items():
        setattr(current, name, word)
    current.revision += 1
    current.changed_by_name = by.name or by.username
    current.save()
    _record(current, by, changed)
    return changed


def _record(template: ReportTemplate, by: User, changed: list[str]) -> None:
    shown = ",".join(key for key in template.sections if key not in template.left_out)
    labels = {"template": template.slug, "name": template.name, "changed": ",".join(changed), "sections": shown}
    labels |= {"retired": str(template.retired).lower(), "revision": str(template.revision)}
    record(CaseAction.REPORT_TEMPLATE_SAVE, by=by, resource=("report-template", template.slug), labels=labels)
