"""A token's lineage as a tree."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.factories.events import issue, revoke, use, write
from tests.functional.reading import at_sign_in, journal, link, text_of
from trail.connection import Trail
from trail.questions.lineage import CHILDREN

PAGE = "/tokens/t/lineage/"
ROOT, CHILD, GRANDCHILD = "a" * 64, "b" * 64, "c" * 64


def _family(trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, token__caveats__json="[]", at="2026-11-01T00:00:00Z"),
        use("t", token__fingerprint=CHILD, token__caveats__json='["org:n"]', at="2026-11-02T00:00:00Z", source__ip="203.0.113.7"),
        issue("n", "svc", token__fingerprint=GRANDCHILD, token__parent_fingerprint=CHILD, at="2026-11-03T00:00:00Z"),
        revoke("n", at="2026-11-04T00:00:00Z", id="end"),
    )  # fmt: skip


def test_it_shows_the_tree_with_what_each_edge_added_and_what_became_of_each(
    client: Client, alice: User, trail: Trail
) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(PAGE)
    for text in ("3 tokens in all", "2 alive", "inferred", "recorded", "&quot;org:n&quot;", "203.0.113.7", "/events/end/",
                 "Never used, as far as the trail has recorded"):  # fmt: skip
        assertContains(response, text)
    page = text_of(response)
    assert [page.count(f"/tokens/{one}/") > 0 for one in (ROOT, CHILD, GRANDCHILD)] == [True] * 3
    assertContains(client.get(link(response, "This token and everything derived from it") or ""), "of <b>4</b> events")


def test_one_walks_up_as_well(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(f"/tokens/{GRANDCHILD}/lineage/")
    assertContains(response, "It was itself derived from 2 others")
    assertContains(response, "1 token in all")


def test_what_a_page_does_not_show_is_counted_and_a_link_away(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        *(use("t", token__fingerprint=f"c{number:063x}", token__parent_fingerprint=ROOT, at="2026-11-02T00:00:00Z")
          for number in range(CHILDREN + 3)),
    )  # fmt: skip
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, f"{CHILDREN + 4} tokens in all")
    more = link(response, f"3 more derived from {ROOT[:10]}…{ROOT[-9:]}")
    rest = client.get(more or "")
    assert text_of(rest).count("/tokens/c000") == 3
    assertNotContains(rest, "more derived from")
    assertContains(client.get(PAGE, {"under": "d" * 64}), "does not descend", status_code=400)


def test_a_token_of_which_there_is_nothing_has_no_tree(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "The trail holds no event of this token")
    (recorded,) = journal(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("lineage", {"token": "t"})


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.get(PAGE), "does not answer", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
