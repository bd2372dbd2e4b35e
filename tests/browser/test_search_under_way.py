"""The life of a search: under way and cancelled, back and forward, passed on, kept, and what it becomes."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console, sign_in


@pytest.fixture
def signed_in(page: Page) -> Page:
    sign_in(page, "alice")
    return page


@pytest.fixture
def by_itself(browser: Browser, console: Console) -> Iterator[Page]:
    """A page that may lose a request: a search that is cancelled is one."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    sign_in(page, "alice")
    yield page
    context.close()


def _search(page: Page, query: str) -> None:
    page.get_by_label("Query").first.fill(query)
    page.keyboard.press("Enter")


def test_a_slow_search_shows_that_it_is_and_is_cancelled_by_the_keyboard(by_itself: Page) -> None:
    page = by_itself
    page.goto("/?q=event.outcome%3Afailure")
    # The engine's own slowness cannot be had on demand; a search whose answer is held back looks the same from here.
    page.route(re.compile(r"/\?.*q=user\.id"), lambda route: None)
    ended: list[str] = []
    page.on("request", lambda request: ended.append(request.url) if "/search/cancel/" in request.url else None)
    _search(page, "user.id:nobody")
    expect(page.get_by_text("Still searching all of history, for")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("button", name="Run in background instead")).to_be_visible()
    with page.expect_request(re.compile("/search/cancel/")):
        page.keyboard.press("Escape")
    expect(page.locator(".results")).to_contain_text("Cancelled; nothing below is of this search")
    expect(page.locator("tbody tr")).to_have_count(0)
    assert len(ended) == 1
    assert page.get_by_label("Query").first.input_value() == "user.id:nobody"
    page.unroute_all()
    _search(page, "event.outcome:failure")
    expect(page.locator("tbody tr").first).to_be_visible()


@pytest.mark.parametrize(("path", "label", "button", "words"), [
    ("/compare/?a.q=user.id%3Ausr_0001&b.q=user.id%3Ausr_0002", "Query", "Compare", "Still searching on both sides, for"),
    ("/indicators/", "Indicators", "Look them up", "Still searching for what is in the list, for"),
])  # fmt: skip
def test_a_slow_comparison_or_list_shows_that_it_is_and_is_cancelled_by_the_keyboard(
    by_itself: Page, path: str, label: str, button: str, words: str
) -> None:
    page = by_itself
    page.goto(path)
    ended: list[str] = []
    page.on("request", lambda request: ended.append(request.url) if "/search/cancel/" in request.url else None)
    page.get_by_label(label).first.fill("user.id:usr_0003" if label == "Query" else "usr_0003")
    page.route(re.compile(r"/(compare|indicators)/"), lambda route: None)
    page.get_by_role("button", name=button, exact=True).press("Enter")
    expect(page.get_by_text(words)).to_be_visible()
    with page.expect_request(re.compile("/search/cancel/")):
        page.keyboard.press("Escape")
    expect(page.locator(".results")).to_have_text(re.compile("Cancelled; nothing below is of this search"))
    assert len(ended) == 1
    page.unroute_all()
    page.get_by_role("button", name=button, exact=True).press("Enter")
    expect(page.locator("h1, h2").filter(has_text=re.compile("Left: |of 1 "))).to_be_visible()


def test_a_slow_search_goes_on_in_the_background(by_itself: Page) -> None:
    page = by_itself
    page.goto("/")
    page.route(re.compile(r"/\?.*q=event"), lambda route: None)
    _search(page, "event.outcome:failure AND token.kind:user")
    page.get_by_label("Query").first.fill("typed meanwhile")
    page.get_by_role("button", name="Run in background instead").click()
    expect(page.get_by_role("heading", name="event.outcome:failure AND token.kind:user")).to_be_visible()


def test_a_search_is_passed_on_kept_and_opened_again(signed_in: Page) -> None:
    page = signed_in
    page.goto("/")
    _search(page, "event.outcome:failure AND user.name:*")
    expect(page.locator("#live")).to_contain_text("events match")
    expect(page).to_have_title(re.compile("Search: [1-9]"))
    found = page.locator(".count b").nth(1).inner_text()
    page.locator(".uses > summary").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Short link").first).to_be_focused()
    page.keyboard.press("Enter")
    link = page.locator("[data-short-link]")
    expect(link).to_have_value(re.compile("^http://"))
    page.keyboard.press("Escape")
    page.go_back()
    expect(page.get_by_label("Query").first).to_have_value("")
    page.wait_for_load_state()  # the page of before is loaded anew: its scripts, too, have to be there to go forward
    page.go_forward()
    expect(page.get_by_label("Query").first).to_have_value("event.outcome:failure AND user.name:*")
    page.locator(".uses > summary").click()
    page.get_by_role("button", name="Short link").first.click()
    expect(link).to_have_value(re.compile("^http://"))
    page.goto(link.input_value())
    expect(page.locator(".count b").nth(1)).to_have_text(found)
    page.locator(".uses > summary").click()
    page.locator(".uses__fold summary", has_text="History").click()
    page.locator(".uses__past").first.click()
    expect(page.get_by_label("Query").first).to_have_value("event.outcome:failure AND user.name:*")


def test_a_search_becomes_a_note_a_detection_and_a_comparison_each_in_one_step(signed_in: Page) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("What a search becomes")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    search = f"/?q=event.outcome%3Afailure&from=now-30d&case={page.url.split('/')[-2]}"
    page.goto(search)
    page.locator(".uses > summary").click()
    page.get_by_role("button", name="Write a note about it in a case").click()
    expect(page.get_by_label("Note")).to_have_value(re.compile("^Search: event.outcome:failure, (.|\n)*/s/"))
    page.get_by_role("button", name="Write the note").click()
    expect(page.locator("article")).to_contain_text("Search: event.outcome:failure")

    page.goto(search)
    page.locator(".uses > summary").click()
    page.get_by_role("link", name="Make a rule of it").click()
    page.get_by_label("Name").fill("Failures as they come")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Failures as they come")).to_be_visible()
    expect(page.get_by_text("Nothing found yet")).to_be_visible()

    page.goto(search)
    page.locator(".uses > summary").click()
    page.get_by_role("link", name="Compare with the time before").click()
    new = page.locator("tr", has=page.locator(".badge--new")).first
    expect(new.get_by_role("link").first).to_have_text("0")
    number = new.get_by_role("link").nth(1).inner_text()
    new.get_by_role("link").nth(1).click()
    expect(page.locator(".count b").nth(1)).to_have_text(number)
