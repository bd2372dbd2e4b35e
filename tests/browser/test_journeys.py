"""Shorter ways through the console: the three questions, the keyboard, a cancelled run, and all of it without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from investigations.presentation.times import format_sentence
from tests.browser.conftest import Console, run_in_background, sign_in


@pytest.fixture
def answer(console: Console) -> dict[str, str]:
    """What an investigation of the demonstration should find."""
    return dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())


@pytest.fixture
def signed_in(page: Page) -> Page:
    sign_in(page, "alice")
    return page


def _open_menu(page: Page, identifier: str) -> None:
    page.locator("tbody .row .id", has_text=identifier).first.hover()
    page.locator("[data-cell-menu]").click()
    expect(page.locator("#cell-menu")).to_be_visible()


def test_each_question_is_one_step_from_an_identifier(signed_in: Page, answer: dict[str, str]) -> None:
    page, token = signed_in, answer["token_id"]
    search = f"/?q=token.id%3A{token}"
    page.goto(search)
    _open_menu(page, token)
    page.get_by_role("link", name="When was it first used, and from where?").locator("visible=true").click()
    expect(page.locator(".say").first).to_contain_text(format_sentence(answer["first_used"]))
    expect(page.locator(".say").first).to_contain_text(answer["first_used_from"])

    page.goto(search)
    _open_menu(page, answer["user_id"])
    page.get_by_role("link", name="What other tokens was this user ever issued?").locator("visible=true").click()
    expect(page.locator("#tokens tbody")).to_contain_text(answer["issued_token_id"])

    page.goto(search)
    _open_menu(page, token)
    page.get_by_role("link", name="What did it do before it was revoked?").locator("visible=true").click()
    expect(page.locator(".say").first).to_contain_text(f"{answer['events_before_revocation']} events")
    expect(page.locator(".say").first).to_contain_text(format_sentence(answer["revoked_at"]))
    expect(page.get_by_text(f"{answer['refused_after_revocation']} tries were denied")).to_be_visible()
    page.get_by_role("link", name="Lineage").click()
    expect(page.locator("line.lin-edge--inferred")).to_have_count(1)


def test_a_search_is_refined_in_place_and_back_goes_back(signed_in: Page) -> None:
    page = signed_in
    page.goto("/")
    page.evaluate("window.stays = true")
    page.get_by_label("Query").fill("event.outcome:failure")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("events match")
    assert "q=event.outcome%3Afailure" in page.url
    assert "csrfmiddlewaretoken" not in page.url
    assert page.evaluate("document.activeElement.id") == "query"
    page.locator(".facet__value", has_text="expired").click()
    expect(page.locator(".chip", has_text="expired")).to_be_visible()
    assert page.evaluate("window.stays") is True
    narrowed = page.locator(".count b").nth(1).inner_text()
    page.go_back()
    expect(page.locator(".chip", has_text="expired")).to_have_count(0)
    assert page.locator(".count b").nth(1).inner_text() != narrowed
    assert page.get_by_label("Query").input_value() == "event.outcome:failure"


def test_a_query_that_cannot_be_understood_says_where_and_keeps_what_was_typed(signed_in: Page) -> None:
    page = signed_in
    page.goto("/?q=user.name%3A*")
    page.get_by_label("Query").fill("user.nmae:alice")
    with page.expect_response(re.compile("nmae")) as answered:
        page.keyboard.press("Enter")
    assert answered.value.status == 400
    expect(page.locator(".problem")).to_contain_text("did you mean user.name?")
    assert page.get_by_label("Query").input_value() == "user.nmae:alice"
    assert page.locator("tbody tr").count() == 0


def test_events_are_found_ticked_and_pinned_by_keyboard_alone(signed_in: Page) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    case = page.url
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("/")
    page.keyboard.press("/")
    page.keyboard.type("event.outcome:failure")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("events match")
    page.evaluate("document.activeElement.blur()")
    for key in ("j", "x", "j", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-selected-count]")).to_have_text("2")
    page.get_by_label("Case").select_option(label="By keyboard")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.keyboard.type("Both were refused")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Pinned 2 to")).to_be_visible()
    page.goto(case)
    expect(page.locator(".item")).to_have_count(2)


def test_a_run_is_cancelled_and_keeps_what_it_found(signed_in: Page) -> None:
    page = signed_in
    page.goto("/?q=event.dataset%3Ademonstration")
    run_in_background(page)
    page.get_by_role("button", name="Cancel the run").click()
    state = page.locator("#progress .badge")
    expect(state).to_have_text(re.compile("Cancelled|Finished"))
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)


def test_times_show_the_viewers_zone_on_hover(browser: Browser, console: Console) -> None:
    context = browser.new_context(base_url=console.url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    sign_in(page, "alice")
    page.goto("/")
    time = page.locator("tbody time").first
    time.hover()
    title = time.get_attribute("title") or ""
    assert title.startswith(time.get_attribute("datetime") or "?")
    assert "Tokyo" in title or "GMT+9" in title or "Japan" in title
    context.close()


@pytest.fixture
def plain(browser: Browser, console: Console) -> Iterator[Page]:
    """A browser that runs no script."""
    context = browser.new_context(base_url=console.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_everything_works_without_javascript(plain: Page) -> None:
    page = plain
    sign_in(page, "alice")
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("Without a script")
    page.get_by_role("button", name="Open the case").click()
    case = page.url
    page.get_by_role("link", name="Search in this case").click()
    page.get_by_label("Query").fill("event.outcome:failure")
    page.get_by_role("button", name="Search", exact=True).click()
    assert "csrfmiddlewaretoken" not in page.url
    page.get_by_role("link", name="Next page").click()
    page.locator("input[name=event][type=checkbox]").first.check()
    page.locator("#pin-form").get_by_label("Reason").fill("Refused")
    page.get_by_role("button", name="Pin to").click()
    page.goto(case)
    expect(page.locator(".item")).to_have_count(1)
    page.locator("#export-menu summary").first.click()
    page.get_by_role("button", name="Export", exact=True).click()
    download = page.get_by_role("link", name=re.compile("Download"))
    while not download.count():
        page.reload()
    expect(download).to_be_visible()
