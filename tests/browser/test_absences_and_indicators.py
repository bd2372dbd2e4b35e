"""Absences and lists of indicators, as people meet them: by keyboard, pasted and uploaded, light and wide, dark and narrow."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults, sign_in


@pytest.fixture
def signed_in(page: Page) -> Page:
    """Alice, who has a case to work in."""
    sign_in(page, "alice")
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("What never was")
    page.get_by_role("button", name="Open the case").click()
    return page


def _faults_in_both_shapes(page: Page) -> list[str]:
    wide = faults(page)
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    narrow = faults(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    return wide + narrow


def _press_tab_to(page: Page, name: str) -> None:
    """To the next element of this name, past what stands between."""
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") == name:
            return
    raise AssertionError(f"no {name} within six steps")


def test_an_absence_is_pinned_by_keyboard_and_says_what_was_searched(signed_in: Page) -> None:
    page = signed_in
    page.goto("/?f=user.id%3Amallory&from=2026-09-01T00:00:00Z&to=2026-11-01T00:00:00Z")
    expect(page.get_by_text("No event matches")).to_be_visible()
    page.locator(".absence summary").focus()
    page.keyboard.press("Enter")
    page.locator(".absence select[name=case]").focus()
    _press_tab_to(page, "textarea")
    page.keyboard.type("Nobody had heard of mallory")
    assert faults(page) == []
    _press_tab_to(page, "button")
    page.keyboard.press("Enter")
    provisional = page.get_by_label("Pin it all the same")
    expect(page.locator(".answer .say:not(.say--more)").or_(provisional)).to_be_visible()
    if provisional.is_visible():  # the console of these tests may have an incident by now
        provisional.check()
        page.get_by_role("button", name="Pin that nothing was found").click()
    expect(page.locator(".answer .say:not(.say--more)")).to_contain_text(
        "No event: user.id: mallory, from 2026-09-01T00:00:00Z"
    )
    expect(page.get_by_text("still nothing")).to_be_visible()
    page.locator(".coverage summary").click()
    expect(page.get_by_text("Earliest event of the trail")).to_be_visible()
    assert _faults_in_both_shapes(page) == []
    page.get_by_role("link", name="What never was").click()
    expect(page.locator(".entries")).to_contain_text("Nothing was found")
    expect(page.locator(".entries time").first).to_have_attribute("datetime", "2026-11-01T00:00:00Z")


def test_a_list_is_pasted_or_uploaded_and_its_answer_filtered_and_taken_along(signed_in: Page, tmp_path: Path) -> None:
    page = signed_in
    page.goto("/")
    page.get_by_role("link", name="Indicator lookup").click()
    assert _faults_in_both_shapes(page) == []
    page.get_by_label("Indicators").focus()
    page.keyboard.type("203.0.113[.]77 # defanged\n203.0.113.0/24\nnobody-at-all\n999.9.9.9")
    page.get_by_role("button", name="Look them up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 of 3 indicators seen")).to_be_visible()
    expect(page.get_by_text("Line 4: It is neither an address nor a network")).to_be_visible()
    assert _faults_in_both_shapes(page) == []
    page.get_by_label("Show").select_option("Never seen")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("nobody-at-all")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert "nobody-at-all" in download.value.path().read_text()

    file = tmp_path / "list.csv"
    file.write_text("indicator,seen\nnobody-else,x\n")
    page.get_by_role("link", name="Another list").click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Look them up").click()
    expect(page.get_by_role("heading", name=re.compile("0 of 1 indicator seen"))).to_be_visible()
