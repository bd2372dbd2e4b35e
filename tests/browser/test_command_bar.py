"""The command bar by keyboard, on any page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.support import macaroons


@pytest.fixture
def home(page: Page) -> Page:
    sign_in(page, "alice")
    page.goto("/home/")
    return page


def test_the_first_hit_is_enter_and_the_arrows_choose_another(home: Page) -> None:
    bar = home.get_by_role("combobox", name="Jump to")
    home.keyboard.press("Control+k")
    expect(bar).to_be_focused()
    expect(home.get_by_role("option", name=re.compile("^Cases"))).to_be_visible()
    home.keyboard.type("sea")
    expect(bar).to_have_attribute("aria-activedescendant", "jump-option-0")
    expect(home.get_by_role("option").first).to_contain_text("Search")
    home.keyboard.press("ArrowDown")
    expect(home.get_by_role("option", selected=True)).to_contain_text("Compare two searches")
    home.keyboard.press("ArrowUp")
    home.keyboard.press("Enter")
    home.wait_for_url("/")
    home.goto("/runs/")
    home.keyboard.press("/")
    expect(bar).to_be_focused()
    home.keyboard.press("Escape")
    expect(home.locator("#jump-popup")).to_be_hidden()


def test_enter_before_the_list_leads_on_all_the_same(home: Page) -> None:
    home.keyboard.press("Control+k")
    home.keyboard.type("203.0.113.77")
    home.keyboard.press("Enter")
    home.wait_for_url("/addresses/203.0.113.77/")


def test_a_secret_that_is_put_into_it_is_read_in_the_browser_and_not_sent(home: Page) -> None:
    secret = macaroons.every("command bar")[6]
    asked: list[str] = []
    home.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    home.keyboard.press("Control+k")
    home.keyboard.type(secret.secret, delay=20)  # slower than the pause after which a list is asked for
    home.keyboard.press("Enter")
    dialog = home.get_by_role("dialog", name="A token, read in this browser")
    expect(dialog.get_by_text(secret.fingerprint or "").first).to_be_visible()
    assert [url for url in asked if secret.secret[:8] in url] == []
