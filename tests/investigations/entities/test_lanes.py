"""The lanes of a lifeline are marked with what the case that is worked in says of them."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.entities import services as entities
from investigations.models import Case
from tests.support.factories.cases import pin
from tests.support.factories.events import use, write
from trail.connection import Trail

BADGE = '<span class="pill pill--critical">malicious</span>'


@pytest.fixture
def judged(case: Case, alice: User, trail: Trail) -> Case:
    """Of the two addresses of a token one is known as malicious, after it was thought to be cleared."""
    write(trail, use("t", source__ip="10.0.0.1", user__id="u"))
    pin(trail, case, alice, use("t", source__ip="203.0.113.77", user__id="u"))
    for word in ("cleared", "malicious"):
        entities.judge_entity(case=case, field="source.ip", value="203.0.113.77", word=word, reason="No", by=alice)
    return case


@pytest.mark.parametrize("page", ["/tokens/t/", "/users/u/", "/search/lifeline/"])
def test_a_lane_is_marked_while_one_works_in_the_case_that_judges_it(
    client: Client, alice: User, judged: Case, page: str
) -> None:
    client.force_login(alice)
    words = {"lanes": "addresses", "q": "token.id:t"}
    assertNotContains(client.get(page, words), BADGE)
    client.post(f"/cases/{judged.public_id}/work/")
    assertContains(client.get(page, words), BADGE, 1)
    assertNotContains(client.get("/tokens/t/", {"lanes": "clients"}), BADGE)


def test_the_timeline_of_a_case_marks_its_own(client: Client, alice: User, judged: Case) -> None:
    client.force_login(alice)
    assertContains(client.get(f"/cases/{judged.public_id}/", {"lanes": "addresses"}), BADGE, 1)
