"""Moving through time, and the values of a field, on the search page: by mouse and by keyboard."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import sign_in


@pytest.fixture
def found(page: Page) -> Page:
    """alice has searched a stretch of the demonstration."""
    sign_in(page, "alice")
    page.goto("/?q=event.dataset%3Ademonstration")
    page.evaluate("window.stays = true")
    return page


def _total(page: Page) -> int:
    return int(page.locator(".count b").nth(1).inner_text().replace(",", ""))


def _range(page: Page) -> tuple[str, str]:
    asked = parse_qs(urlsplit(page.url).query)
    return asked.get("from", [""])[0], asked.get("to", [""])[0]


def _bars(page: Page) -> Locator:
    return page.locator("[data-count] > a")


def _begin_of(page: Page, bar: int) -> str:
    """When a bar begins; each of the demonstration's days holds events."""
    plot = page.locator("[data-count]")
    begin, seconds = plot.get_attribute("data-begin") or "", int(plot.get_attribute("data-seconds") or "")
    time = datetime.fromisoformat(begin) + timedelta(seconds=bar * seconds)
    return time.isoformat().replace("+00:00", "Z")


def test_a_stretch_of_the_histogram_is_dragged_to_zoom_in_and_double_clicked_to_zoom_out(found: Page) -> None:
    page, everything = found, _total(found)
    bars = _bars(page)
    wanted = _begin_of(page, 10), _begin_of(page, 21)
    first, last = bars.nth(10).bounding_box(), bars.nth(20).bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + 40)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + 40, steps=4)
    expect(page.locator(".brush")).to_have_count(1)
    page.mouse.up()
    page.wait_for_url(re.compile("from="))
    assert _range(page) == wanted
    expect(page.locator("[data-move=out]")).to_be_attached()
    narrowed = _total(page)
    assert 0 < narrowed < everything
    page.locator("[data-count]").dblclick()
    page.wait_for_function("from => !location.search.includes(encodeURIComponent(from))", arg=wanted[0])
    begin, end = _range(page)
    assert begin < wanted[0] <= wanted[1] < end
    assert page.evaluate("window.stays") is True
    page.go_back()
    page.wait_for_function("from => location.search.includes(encodeURIComponent(from))", arg=wanted[0])
    expect(page.locator(".count b").nth(1)).to_have_text(f"{narrowed:,}")


def test_time_is_moved_and_a_stretch_is_chosen_by_keyboard_alone(found: Page) -> None:
    page = found
    _bars(page).first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    begin, end = _begin_of(page, 3), _begin_of(page, 6)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    after = end
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("from="))
    assert _range(page) == (begin, end)
    expect(page.locator("[data-move=earlier]")).to_be_attached()
    page.locator("#main").focus()
    page.keyboard.press("]")
    page.wait_for_function("to => new URLSearchParams(location.search).get('from') === to", arg=after)
    expect(page.locator("[data-move=out]")).to_be_attached()
    page.keyboard.press("-")
    page.wait_for_function("to => new URLSearchParams(location.search).get('from') !== to", arg=after)
    assert _range(page)[0] < after < _range(page)[1]


def test_bars_are_stacked_by_any_field_and_their_parts_are_filters(found: Page) -> None:
    page = found
    page.get_by_label("Bars by").select_option("service.name")
    page.wait_for_url(re.compile(r"stack=service\.name"))
    expect(page.locator(".legend__part")).to_have_count(6)
    name = page.locator(".legend a bdi").first.inner_text()
    page.locator(".legend a").first.click()
    expect(page.locator(".chip")).to_contain_text(name)
    assert "stack=service.name" in page.url


def test_a_range_is_chosen_from_a_list(found: Page) -> None:
    page = found
    page.locator(".times > summary").press("Enter")
    page.get_by_role("link", name="Last 30 days").press("Enter")
    page.wait_for_url(re.compile("from=now-30d"))
    expect(page.get_by_label("From", exact=True)).to_have_value("now-30d")


def test_the_values_of_a_field_open_beside_the_search(found: Page) -> None:
    page = found
    page.get_by_role("link", name="All values of event.action").press("Enter")
    dialog = page.get_by_role("dialog", name="The values of a field")
    expect(dialog.get_by_text("Different values")).to_be_visible()
    expect(dialog.get_by_role("heading", name="The rarest")).to_be_visible()
    dialog.get_by_role("link", name="key.rotate").first.click()
    expect(page.locator(".chip")).to_contain_text("key.rotate")
