"""A timeline by keys: what moves in it, unfolds what is alike, chooses, and changes all that is chosen at once."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Console, sign_in

FILL = (
    "from accounts.models import User; from investigations.cases.services import open_case; "
    "from tests.support.factories.large_cases import fill_case; alice = User.objects.get(username='alice'); "
    "case = open_case(title='By keys', by=alice); fill_case(case, alice, 300); print('case', case.public_id)"
)


def test_keys_move_unfold_choose_and_change_and_what_is_chosen_stays(page: Page, console: Console) -> None:
    made = console.manage("shell", "-v", "0", "-c", FILL).split()[-1]
    sign_in(page, "alice")
    page.goto(f"/cases/{made}/")
    items, bar = page.locator("[data-item]:visible"), page.locator("#evidence-form")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(items).to_have_count(40)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("X")
    expect(bar).to_contain_text("In the 2 chosen")
    page.evaluate("htmx.ajax('GET', location.href, {target: '#case-main', select: '#case-main', swap: 'outerHTML'})")
    expect(items).to_have_count(0)
    expect(bar).to_contain_text("In the 2 chosen")
    page.keyboard.press("p")
    expect(bar.get_by_label("Relevance")).to_be_focused()
    bar.get_by_label("Relevance").select_option("key")
    bar.get_by_role("button", name="Change").click()
    expect(page.locator("#alerts, main")).to_contain_text(["Changed: E40 to E41."])
