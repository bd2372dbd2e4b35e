"""Firsts as people meet them: marked in the table, narrowed to by keyboard, told on the event's own page."""

import time

from playwright.sync_api import Page, expect

from tests.browser.conftest import faults, sign_in


def test_a_search_is_narrowed_to_its_firsts_by_keyboard(page: Page) -> None:
    sign_in(page, "alice")
    page.goto("/?q=token.operation:token.issue")
    offer = page.locator(".facet--firsts a", has_text="user: new client")
    while not offer.is_visible():  # the keeper goes through the demonstration; the test's time limit ends it
        time.sleep(1)
        page.reload()
    offer.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_contain_text("first time ever: user: new client")
    rows = page.locator(".row")
    expect(rows.first).to_be_visible()
    expect(rows).not_to_have_count(0)
    expect(rows.filter(has_not=page.locator(".new[title*='user: new client']"))).to_have_count(0)
    assert faults(page) == []
    address = page.locator("a.open").first.get_attribute("href")
    page.goto(str(address))
    expect(page.locator(".mark").first).to_contain_text("user: new")
    assert faults(page) == []
