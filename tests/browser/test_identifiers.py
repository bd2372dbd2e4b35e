"""From any identifier to its page and on, by mouse and by keyboard, on the demonstration."""

import re

import pytest
from playwright.sync_api import Page, expect

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
    page.locator("tbody summary", has_text=answer["intruder"]).first.click()
    page.get_by_role("link", name="Open its page").locator("visible=true").click()
    expect(page.get_by_role("heading", name=f"Address {answer['intruder']}")).to_be_visible()
    expect(page.locator(".answer__line").first).to_contain_text(answer["first_used_from_elsewhere"])

    page.locator("main summary", has_text=answer["user_id"]).first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Open its page")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"User {answer['user_id']}")).to_be_visible()


def test_the_page_of_a_user_tells_their_tokens_what_is_new_and_where_they_cannot_have_been(
    signed_in: Page, answer: dict[str, str]
) -> None:
    page = signed_in
    page.goto(f"/users/{answer['user_id']}/")
    expect(page.locator("#tokens tbody")).to_contain_text(answer["issued_token_id"])
    expect(page.locator("#tokens tr", has_text=answer["token_id"])).to_contain_text(answer["revoked_at"])
    expect(page.locator("#new")).to_contain_text(answer["intruder"])
    expect(page.locator("#travel")).to_contain_text("McMurdo, AQ")
    expect(page.locator("#travel")).to_contain_text(answer["first_used_from_elsewhere"])
    page.locator(".facts a", has_text=re.compile(r"^\d+$")).last.click()
    page.get_by_role("link", name="every one").first.click()
    expect(page.get_by_role("link", name="Every value, in order")).to_have_attribute("aria-current", "page")
    first = page.locator("tbody bdi").first.inner_text()
    page.get_by_role("link", name="Further values").click()
    expect(page.locator("tbody bdi").first).not_to_have_text(first)


def test_an_event_says_what_is_known_of_it_and_leads_to_the_minutes_around_it(
    signed_in: Page, answer: dict[str, str]
) -> None:
    page = signed_in
    page.goto(f"/addresses/{answer['intruder']}/")
    page.get_by_role("link", name="The first event").click()
    known = page.locator(".known")
    expect(known).to_contain_text("The first event ever")
    expect(known.locator("tr", has_text="source.ip")).to_contain_text(answer["first_used_from_elsewhere"][:23])
    page.get_by_role("link", name="the same user").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody").first).to_contain_text(answer["first_used_from_elsewhere"])
