"""What reports of a kind begin with, which admins keep and people of a case use."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.models import Case, CaseReport, ReportTemplate
from investigations.report_templates import services as report_templates
from investigations.reports import services as reports
from investigations.reports.content import SECTIONS
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from tests.support.pages import audit_log, hidden_fields
from trail.connection import Trail

LIST, NEW = "/cases/report-templates/", "/cases/report-templates/new/"
SHOWN = ("timeline", "summary")


def _fields(**words: str) -> dict[str, str]:
    """The form with SHOWN alone, in that order."""
    order = [*SHOWN, *(key for key in SECTIONS if key not in SHOWN)]
    fields = {f"place_{key}": str(place) for place, key in enumerate(order, 1)} | {f"show_{key}": "on" for key in SHOWN}
    texts = {"name": "For the <board>", "introduction": "Made for the **board**.", "closing": "Confidential."}
    return fields | texts | words


@pytest.fixture
def template(ada: User, trail: Trail) -> ReportTemplate:
    words: dict[str, Any] = {"sections": list(SECTIONS), "left_out": ["custody", "tasks"]}
    return report_templates.make_report_template(
        slug="court", by=ada, name="For the court", introduction="To the court.", closing="The end.", **words
    )


def test_an_admin_makes_one_and_sees_what_it_makes_of_an_example(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    shown = client.post(NEW, _fields(preview="yes"))
    assertContains(shown, "<strong><bdi>board</bdi></strong>")
    assertContains(shown, "Example: a leaked token")
    assertNotContains(shown, "Still to do</h")
    assert not ReportTemplate.objects.exists()
    assertRedirects(client.post(NEW, _fields()), LIST)
    kept = ReportTemplate.objects.get()
    assert (kept.slug, kept.sections[:2]) == ("for-the-board", list(SHOWN))
    assert set(kept.left_out) == set(SECTIONS) - set(SHOWN)
    assertContains(client.get(LIST), "For the &lt;board&gt;")
    (recorded,) = audit_log(trail, "report.template.save")
    assert recorded["labels"]["sections"] == ",".join(SHOWN)


def test_every_section_of_the_example_can_be_shown(client: Client, ada: User) -> None:
    client.force_login(ada)
    shown = client.post(NEW, _fields(preview="yes", **{f"show_{key}": "on" for key in SECTIONS}))
    for kind in SECTIONS.values():
        assertContains(shown, kind.title)


def test_a_case_is_put_together_by_it_and_keeps_what_it_said_then(
    client: Client, alice: User, ada: User, case: Case, template: ReportTemplate, trail: Trail
) -> None:
    pin(trail, case, alice, use("t", id="e1"))
    client.force_login(alice)
    page = f"/cases/{case.public_id}/report/"
    assertContains(client.get(page), "For the court")
    assertRedirects(client.post(f"{page}template/", {"template": "court"}), page)
    words = {"sections": list(SECTIONS), "left_out": [], "introduction": "Other words", "closing": ""}
    report_templates.change_report_template(
        template=template, revision=1, by=ada, name="For the court", retired=False, **words
    )
    for format in reports.FORMATS:
        content = reports.hand_out(case=case, by=alice, format=format).content
        if format != "pdf":
            assert b"To the court." in content
            assert b"The end." in content
            assert b"Still to do" not in content
    assert CaseReport.objects.get().title == ""


def test_texts_are_hostile_and_none_of_them_is_markup(client: Client, ada: User) -> None:
    client.force_login(ada)
    shown = client.post(NEW, _fields(preview="yes", introduction="<script>alert(1)</script> [x](javascript:alert(1))"))
    assertNotContains(shown, "<script>alert")
    assertNotContains(shown, 'href="javascript:')


def test_of_two_admins_at_once_the_second_sees_both(ada: User, template: ReportTemplate) -> None:
    first, second = Client(), Client()
    first.force_login(ada)
    second.force_login(ada)
    page = f"{LIST}court/"
    shown = hidden_fields(second.get(page))
    first.post(page, hidden_fields(first.get(page)) | _fields())
    response = second.post(page, shown | _fields(introduction="Mine"))
    assertContains(response, "Made for the **board**.", status_code=409)
    assertContains(response, "Mine", status_code=409)
    with pytest.raises(Conflict):
        report_templates.change_report_template(template=template, revision=1, by=ada, name="Late")


def test_what_is_wrong_is_said_and_a_retired_one_is_not_used(
    client: Client, ada: User, alice: User, case: Case, template: ReportTemplate
) -> None:
    client.force_login(ada)
    assertContains(client.post(NEW, _fields(name="for the Court")), "of this name already", status_code=400)
    assertContains(client.post(NEW, _fields(place_summary="0")), "greater than or equal to 1", status_code=400)
    client.post(f"{LIST}court/", _fields(revision="1", name="For the court", retired="on"))
    template.refresh_from_db()
    client.force_login(alice)
    page = f"/cases/{case.public_id}/report/"
    assertNotContains(client.get(page), "For the court")
    assertContains(client.post(f"{page}template/", {"template": "court"}, follow=True), "This template is retired")
    assertContains(client.post(f"{page}template/", {"template": "none"}, follow=True), "There is no such template")
    with pytest.raises(Refused):
        reports.use_template(case=case, template=template, by=alice)


def test_who_may(client: Client, alice: User, rae: User, charlie: User, case: Case, template: ReportTemplate) -> None:
    for user, status in ((alice, 302), (rae, 403), (charlie, 404)):
        client.force_login(user)
        for address in (LIST, NEW, f"{LIST}court/"):
            assert client.get(address).status_code == 403
        assert client.post(f"/cases/{case.public_id}/report/template/", {"template": "court"}).status_code == status
