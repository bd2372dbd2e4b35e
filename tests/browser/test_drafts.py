"""Nothing that somebody types into a case is lost to a session that ended or to a request that failed."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console, sign_in

TEXT = "It was the runner's token.\nE1 shows it."


def _open_case(page: Page, title: str) -> str:
    sign_in(page, "alice")
    page.goto("/cases/new/")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url(re.compile(r"/cases/[a-z0-9]{10}/$"))
    return page.url


def test_a_session_that_ended_while_one_wrote_loses_nothing(page: Page) -> None:
    case = _open_case(page, "Typed for an hour")
    page.goto(f"{case}notes/")
    field = page.locator("textarea[name=text]")
    field.fill(TEXT)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Write the note").click()
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, "alice")
    page.goto(f"{case}notes/")
    expect(field).to_have_value(TEXT)
    expect(page.get_by_text("it was not saved")).to_be_visible()
    page.get_by_role("button", name="Write the note").click()
    expect(page.locator("#notes")).to_contain_text("E1 shows it.")
    expect(page.locator("textarea[name=text]")).to_have_value("")
    page.goto(f"{case}notes/")
    expect(page.locator("textarea[name=text]")).to_have_value("")


def test_a_request_that_fails_leaves_what_was_typed(browser: Browser, console: Console) -> None:
    # A context of its own: that a request fails is what its browser logs as an error.
    page = browser.new_context(base_url=console.url).new_page()
    case = _open_case(page, "Typed while it broke")
    page.goto(f"{case}tasks/")
    page.route("**/tasks/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("main input[name=title]").fill("Rotate five secrets")
    page.get_by_role("button", name="Add the task").click()
    page.unroute("**/tasks/")
    page.goto(f"{case}notes/")
    page.goto(f"{case}tasks/")
    expect(page.locator("main input[name=title]")).to_have_value("Rotate five secrets")
    page.context.close()


def test_nobody_is_shown_what_another_typed_in_the_same_tab(page: Page) -> None:
    case = _open_case(page, "Typed by another")
    page.goto(f"{case}notes/")
    page.locator("textarea[name=text]").fill(TEXT)
    page.context.clear_cookies(name="sessionid")
    sign_in(page, "lea")
    page.goto(f"{case}notes/")
    expect(page.locator("textarea[name=text]")).to_have_value("")
