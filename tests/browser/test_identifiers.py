"""From any identifier to its page and on, by mouse and by keyboard, on the demonstration."""

import pytest
from playwright.sync_api import Page, expect

from investigations.presentation.times import format_table
from tests.browser.conftest import Console, sign_in


@pytest.fixture(scope="module")
def answer(console: Console) -> dict[str, str]:
    """What an investigation of the demonstration should find."""
    return dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())


@pytest.fixture
def signed_in(page: Page) -> Page:
    sign_in(page, "alice")
    return page


def test_an_identifier_opens_its_page_or_narrows_the_search(signed_in: Page, answer: dict[str, str]) -> None:
    page = signed_in
    page.goto(f"/?q=token.id%3A{answer['token_id']}")
    page.locator("tbody .row .id", has_text=answer["intruder"]).first.hover()
    page.locator("[data-cell-menu]").click()
    page.get_by_role("link", name="Open its page").locator("visible=true").click()
    expect(page.get_by_role("heading", name=answer["intruder"], level=1)).to_be_visible()
    first_seen = page.locator(".say time").first
    expect(first_seen).to_have_attribute("datetime", answer["first_used_from_elsewhere"])

    page.locator("main a", has_text=answer["user_id"]).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Lindqvist", level=1)).to_be_visible()
    expect(page.locator(".subject")).to_contain_text(answer["user_id"])


def test_the_page_of_a_user_tells_their_tokens_and_what_is_new(signed_in: Page, answer: dict[str, str]) -> None:
    page = signed_in
    page.goto(f"/users/{answer['user_id']}/")
    expect(page.locator("#tokens tbody")).to_contain_text(answer["issued_token_id"])
    leaked = page.locator("#tokens tr", has_text=answer["token_id"])
    expect(leaked).to_contain_text("revoked")
    expect(leaked.locator(f"time[datetime='{answer['revoked_at']}']")).to_be_visible()
    expect(page.locator("#new")).to_contain_text(answer["intruder"])
    expect(page.locator("#travel")).to_contain_text("McMurdo, AQ")
    page.get_by_label("On this page").get_by_role("link", name="Resources").click()
    page.get_by_role("link", name="every one").first.click()
    expect(page.get_by_role("link", name="Every value, in order")).to_have_attribute("aria-current", "page")
    first = page.locator("tbody bdi").first.inner_text()
    page.get_by_role("link", name="Further values").click()
    expect(page.locator("tbody bdi").first).not_to_have_text(first)


def test_the_page_of_a_user_tells_when_they_arrived_where_they_cannot_have_been(
    signed_in: Page, answer: dict[str, str]
) -> None:
    signed_in.goto(f"/users/{answer['traveller_id']}/")
    expect(signed_in.locator("#travel")).to_contain_text(answer["travel_to"])
    expect(signed_in.locator(f"#travel time[datetime='{answer['travelled_at']}']").first).to_be_visible()


def test_an_event_says_what_is_known_of_it_and_leads_to_the_minutes_around_it(
    signed_in: Page, answer: dict[str, str]
) -> None:
    page = signed_in
    page.goto(f"/addresses/{answer['intruder']}/")
    page.locator(".say a.when").first.click()
    known = page.locator(".known")
    expect(known).to_contain_text("The first event ever")
    expect(known.locator("tr", has_text="source.ip")).to_contain_text(format_table(answer["first_used_from_elsewhere"]))
    page.get_by_role("link", name="the same user").focus()
    page.keyboard.press("Enter")
    first = page.locator(f"tbody time[datetime='{answer['first_used_from_elsewhere']}']")
    expect(first.first).to_be_visible()
