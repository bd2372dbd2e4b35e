"""Two people in one case at once, each at a page of their own."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console, sign_in


def test_two_people_see_each_others_notes_and_who_is_there_without_reloading(
    page: Page, browser: Browser, console: Console
) -> None:
    sign_in(page, "alice")
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("A leak, seen by two")
    page.get_by_role("button", name="Open the case").click()
    case = page.url
    page.goto(f"{case}notes/")
    page.locator("textarea[name=text]").fill("Half a thought of Alice's")

    other = browser.new_context(base_url=console.url).new_page()
    sign_in(other, "lea")
    other.goto(f"{case}notes/")
    other.locator("textarea[name=text]").fill("It was the runner's token.")
    other.get_by_role("button", name="Write the note").click()
    expect(other.locator("#notes")).to_contain_text("It was the runner's token.")

    expect(page.locator("#notes")).to_contain_text("It was the runner's token.", timeout=20_000)
    expect(page.locator("#case-live")).to_contain_text("Lea")
    expect(page.locator("textarea[name=text]")).to_have_value("Half a thought of Alice's")
    page.get_by_role("button", name="Write the note").click()
    expect(other.locator("#notes")).to_contain_text("Half a thought of Alice's", timeout=20_000)
    expect(other.locator("#case-live")).to_contain_text("Alice")

    other.goto(f"{case}tasks/")
    page.goto(case)
    other.locator("main input[name=title]").fill("Rotate the secrets")
    other.get_by_role("button", name="Add the task").click()
    expect(page.locator("#case-main")).to_contain_text("Rotate the secrets", timeout=20_000)
    page.get_by_role("link", name="Rotate the secrets").first.click()
    page.wait_for_url("**/tasks/**")
    other.context.close()
