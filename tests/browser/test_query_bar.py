"""The query bar and the filters beside it, by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in


@pytest.fixture
def search(page: Page) -> Page:
    sign_in(page, "alice")
    page.goto("/")
    page.keyboard.press("/")
    return page


def _choose(page: Page, text: str) -> None:
    """Down to the suggestion with this text, and take it."""
    expect(page.get_by_role("option").filter(has_text=text).first).to_be_visible()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
        if text in page.locator("[role=option][aria-selected=true]").inner_text():
            return page.keyboard.press("Enter")
    raise AssertionError(f"{text} could not be reached")


def test_a_field_an_operator_and_a_value_are_completed_and_searched_for(search: Page) -> None:
    page, query = search, search.get_by_role("combobox", name="Query")
    page.keyboard.type("token.op")
    _choose(page, "token.operation")
    expect(query).to_have_value("token.operation:")
    _choose(page, "token.revoke")
    expect(query).to_have_value("token.operation:token.revoke ")
    page.keyboard.press("Control+Space")
    _choose(page, "AND")
    page.keyboard.type("user.id:us")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("usr_")
    page.keyboard.press("ArrowDown")
    assert query.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Tab")
    expect(query).to_have_value(re.compile(r"^token.operation:token.revoke AND user.id:usr_\d+ $"))
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("events match")
    expect(page.locator(".row .c-action").first).to_have_text("revoke")
    page.keyboard.type(" x")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_the_part_at_fault_is_marked_in_a_long_query_and_selected_to_be_typed_over(search: Page) -> None:
    page, query = search, search.get_by_role("combobox", name="Query")
    page.keyboard.type("event.outcome:failure")
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("OR (user.id:" + "a" * 60 + ")")
    page.keyboard.type(" OR user.nmae:x")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator(".problem mark")).to_have_text("user.nmae")
    page.wait_for_function("window.getSelection().toString() === 'user.nmae'")
    page.keyboard.type("user.name")
    page.keyboard.press("Escape")
    assert query.input_value().endswith(" OR user.name:x")
    assert query.input_value().count("\n") == 3
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("events match")
    expect(page.locator(".problem")).to_have_count(0)


def test_a_filter_is_made_changed_turned_round_set_aside_and_pinned(search: Page) -> None:
    page, editor = search, search.locator("#filter-panel")
    page.get_by_role("button", name="Add filter").press("Enter")
    editor.get_by_label("Field").fill("source.ip")
    editor.get_by_label("Operator").select_option("network")
    editor.get_by_label("Value").fill("everywhere")
    editor.get_by_role("button", name="Add").press("Enter")
    expect(page.locator(".field__error")).to_contain_text("holds addresses")
    editor.get_by_label("Value").fill("10.0.0.0/8")
    editor.get_by_role("button", name="Add").press("Enter")
    chip = page.locator(".chip", has_text="source.ip")
    expect(chip).to_contain_text("source.ip: in 10.0.0.0/8")
    expect(page.locator("#filter-dialog[open]")).to_have_count(0)
    expect(page.get_by_role("button", name="Add filter")).to_be_focused()
    whole = page.locator(".count b").nth(1).inner_text()

    def do(words: str) -> None:
        chip.locator("summary").press("Enter")
        chip.locator(".pivot__menu :is(a, button)", has_text=words).press("Enter")

    do("Turn round")
    expect(chip).to_contain_text("not source.ip")
    expect(page.locator(".count b").nth(1)).not_to_have_text(whole)
    do("Set it aside")
    expect(chip.locator(".chip__mark")).to_have_text("off")
    do("Pin")
    expect(chip.locator(".chip__mark").first).to_have_text("pinned")
    page.goto("/")  # another search is begun
    expect(chip).to_contain_text("not source.ip: in 10.0.0.0/8")
    do("Change")
    expect(editor.get_by_label("Operator")).to_have_value("not_network")
    editor.get_by_label("Set it aside").press("Space")
    editor.get_by_role("button", name="Change").press("Enter")
    expect(chip).not_to_contain_text("off")
    chip.get_by_role("button", name="Remove the filter").press("Enter")
    expect(chip).to_have_count(0)
    page.goto("/")
    expect(chip).to_have_count(0)


def test_a_text_is_kept_as_a_snippet_and_offered_again(search: Page) -> None:
    page, query = search, search.get_by_role("combobox", name="Query")
    page.keyboard.type("event.outcome:failure OR token.operation:token.revoke")
    page.keyboard.press("Escape")
    page.locator(".uses > summary").press("Enter")
    page.get_by_role("button", name="Keep as snippet").press("Enter")
    expect(page.locator("#alerts")).to_contain_text("Kept as a snippet")
    expect(query).to_have_value("event.outcome:failure OR token.operation:token.revoke")
    query.fill("")
    query.press_sequentially("user.id:usr_0001 failure")
    _choose(page, "event.outcome:failure OR")
    expect(query).to_have_value("user.id:usr_0001 (event.outcome:failure OR token.operation:token.revoke) ")


def test_one_link_mends_a_slip_and_a_click_with_shift_leaves_a_value_out(page: Page) -> None:
    sign_in(page, "alice")
    page.goto("/?q=(event.dataset%3Ademonstration")
    page.get_by_role("link", name="Close it").click()
    expect(page.locator(".count")).to_contain_text("10,000 events")
    page.locator(".facet__value", has_text="denied").first.click(modifiers=["Shift"])
    expect(page.locator(".chip--not")).to_contain_text("event.outcome")
    expect(page.locator(".count")).not_to_contain_text("10,000")
    address = page.locator(".facet li", has_text="10.20.").first
    address.hover()
    address.get_by_role("button", name="Filter out 10.20.").click()  # and by its button
    expect(page.locator(".chip--not")).to_have_count(2)
