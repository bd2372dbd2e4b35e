"""The frame of every page: the spine that narrows, and the menu of a narrow window, by keyboard."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, sign_in_by_hand


def test_the_spine_stays_as_narrow_as_it_was_made_and_its_links_keep_their_names(page: Page) -> None:
    sign_in_by_hand(page, "alice")
    spine = page.get_by_role("navigation", name="Main")
    page.get_by_role("button", name="Narrow or wide").click()
    for address in ("/cases/", "/status/"):
        page.goto(address)
        box = spine.bounding_box()
        assert box
        assert box["width"] < 60
    expect(spine.get_by_role("link", name="Cases")).to_be_visible()
    page.get_by_role("button", name="Narrow or wide").click()
    box = spine.bounding_box()
    assert box
    assert box["width"] > 150


def test_the_menu_of_a_narrow_window_is_used_by_keyboard(page: Page) -> None:
    sign_in_by_hand(page, "alice")
    page.set_viewport_size(NARROW)
    menu = page.get_by_role("button", name="Menu")
    spine = page.get_by_role("navigation", name="Main")
    expect(spine).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(spine.locator("a:focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(spine).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    spine.get_by_role("link", name="Cases").press("Enter")
    page.wait_for_url("**/cases/")


def test_a_letter_after_g_goes_where_the_help_says(page: Page) -> None:
    sign_in_by_hand(page, "alice")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/status/")
