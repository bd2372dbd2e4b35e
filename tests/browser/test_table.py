"""The table of events: columns, rows that open, copying, ticking, pages without an end. By mouse and by keyboard."""

import json
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Console, faults, sign_in
from trail.schema import FIELDS

DEMO = "/?q=event.dataset%3Ademonstration"
ROWS = "tbody[data-block] > tr:not(.opened-row)"
# Every node that can stand in the document for the table, whatever is loaded: a screen or two of rows.
NODES = 25_000


@pytest.fixture
def signed_in(context: BrowserContext, page: Page) -> Page:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, "alice")
    return page


def _heads(page: Page) -> list[str]:
    return [head.get_attribute("data-column") or "" for head in page.locator("th[data-column]").all()]


def _ids(page: Page) -> list[str]:
    return page.evaluate("selector => [...document.querySelectorAll(selector)].map((row) => row.dataset.event)", ROWS)


def _clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_columns_are_chosen_ordered_and_resized_and_follow_the_person(
    signed_in: Page, browser: Browser, console: Console
) -> None:
    page = signed_in
    page.goto(DEMO)
    usual = _heads(page)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Find a field").fill("machine")
    expect(page.locator("[data-choice]:visible")).to_have_count(1)
    page.locator("[data-choice='host.name'] input").check()
    page.get_by_label("Find a field").fill("")
    page.get_by_label("Move host.name up").focus()
    for _ in range(page.locator("[data-choice]").count()):  # to the top, by keyboard
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Show, and remember as mine").click()
    expect(page.locator("th[data-column]").nth(1)).to_have_attribute(
        "data-column", "host.name"
    )  # beside the frozen time
    expect(page).to_have_url(re.compile("columns=host.name%2C%40timestamp"))

    head = page.locator("th[data-column='host.name']")
    head.locator("summary").click()
    with page.expect_response(re.compile("/search/table/")):
        page.get_by_role("link", name="Move to the right").locator("visible=true").click()
    expect(page.locator("th[data-column]").nth(2)).to_have_attribute("data-column", "host.name")
    edge = page.get_by_role("separator", name="Width of host.name")
    before = int(edge.get_attribute("aria-valuenow") or "")
    edge.focus()
    page.keyboard.press("ArrowRight")
    expect(edge).to_have_attribute("aria-valuenow", str(before + 10))
    box = edge.bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 94, box["y"] + 10)
    with page.expect_response(re.compile("/search/table/")):
        page.mouse.up()
    for name in ("Compact", "Wrap"):
        with page.expect_response(re.compile("/search/table/")):
            page.get_by_role("button", name=name).click()

    elsewhere = browser.new_context(base_url=console.url).new_page()
    sign_in(elsewhere, "alice")
    elsewhere.goto("/")
    assert _heads(elsewhere)[:3] == ["@timestamp", "token.id", "host.name"]
    assert elsewhere.get_by_role("separator", name="Width of host.name").get_attribute("aria-valuenow") == str(
        before + 100
    )
    expect(elsewhere.locator("table.is-compact.is-wrapped")).to_be_visible()
    elsewhere.context.close()

    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("button", name="Forget what is mine").click()
    expect(page.locator("th[data-column]")).to_have_count(len(usual))
    assert _heads(page) == usual


def test_an_event_opens_in_its_row_to_its_fields_source_proof_and_what_is_known(signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{DEMO}&columns=%40timestamp,user.id,token.id&sort=%40timestamp%3Aasc")  # the earliest are sealed first
    for key in ("j", "j", "o"):
        page.keyboard.press(key)
    opener = page.locator("[data-open]").nth(1)
    expect(opener).to_have_attribute("aria-expanded", "true")
    opened = page.locator(".opened")
    expect(opened.locator(".peek__facts dt")).to_have_count(10)
    opened.locator("summary", has_text="Every field").press("Enter")
    expect(opened.get_by_title("When the trail received it")).to_be_visible()
    expect(opened.locator(".badge[href$='/proof/']")).to_contain_text("Sealed, leaf")
    expect(opened.get_by_label("What is known of its identifiers")).to_be_visible()
    assert faults(page) == []
    opened.get_by_role("link", name="Add service.name as a column").click()
    expect(page.locator("th[data-column]").last).to_have_attribute("data-column", "service.name")
    page.locator("[data-open]").nth(1).click()  # and by mouse
    page.locator(".opened summary", has_text="Every field").click()
    page.locator(".opened").get_by_role("link", name=re.compile("Filter out service.name")).click()
    expect(page.locator(".chip--not")).to_contain_text("service.name")
    page.locator("[data-open]").first.click()
    page.locator(".opened").get_by_role("button", name="Close").click()
    expect(page.locator(".opened")).to_have_count(0)
    expect(page.locator("[data-open]").first).to_have_attribute("aria-expanded", "false")


def test_a_cell_an_event_and_the_query_are_copied(signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{DEMO}&columns=%40timestamp,user.email,token.id")
    first = page.locator(ROWS).first
    page.keyboard.press("j")
    for key in ("l", "l", "c"):
        page.keyboard.press(key)
    expect(page.locator("#live")).to_have_text("token.id copied.")
    assert _clipboard(page) == first.locator(".c-token .id").inner_text()
    page.keyboard.press("y")
    expect(page.locator("#live")).to_contain_text("as JSON, is copied")
    assert json.loads(_clipboard(page))["event"]["id"] == first.get_attribute("data-event")
    page.keyboard.press("u")
    expect(page.locator("#live")).to_contain_text("address of this search is copied")
    assert _clipboard(page) == page.url
    page.locator("[data-zone]").evaluate("field => { field.defaultValue = 'Asia/Tokyo'; }")
    page.keyboard.press("u")
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.endsWith('&tz=Asia%2FTokyo'))")
    first.locator("td").nth(2).hover()
    page.locator("[data-copy-cell]").click()
    expect(page.locator("#live")).to_have_text("@timestamp copied.")
    assert _clipboard(page) == first.locator("time").get_attribute("datetime")


def test_rows_are_ticked_by_keyboard_and_mouse_and_pinned_in_one_go_though_they_are_out_of_sight(
    signed_in: Page,
) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("Many at once")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    case = page.url
    page.goto(DEMO)
    ticked = page.locator("[data-selected-count]")
    for key in ("j", "x", "j", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(ticked).to_have_text("4")
    expect(page.locator("#live")).to_have_text("4 events chosen.")
    page.keyboard.press("Escape")
    expect(ticked).to_have_text("0")
    boxes = page.locator("input[name=event][type=checkbox]")
    boxes.nth(1).click()
    boxes.nth(6).click(modifiers=["Shift"])
    expect(ticked).to_have_text("6")
    page.keyboard.press("m")
    expect(page.locator(".count b").first).to_have_text("1–100")
    page.keyboard.press("m")
    expect(page.locator(".count b").first).to_have_text("1–150")
    page.keyboard.press("*")
    expect(ticked).to_have_text("150")
    page.evaluate(TO_THE_END)
    expect(page.locator("tbody[data-spacer]").first).to_be_attached()
    number = int(ticked.inner_text())
    page.get_by_label("Case").select_option(label="Many at once")
    page.keyboard.press("p")
    page.keyboard.type("All of these")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Pinned {number} to")).to_be_visible()
    expect(ticked).to_have_text("0")
    page.goto(case)
    expect(page.locator(".entry").first).to_be_visible()


def test_ten_thousand_cells_are_read_and_few_stand_in_the_document(signed_in: Page) -> None:
    page = signed_in
    columns = ",".join(field.name for field in FIELDS[:40]).replace("@", "%40")
    page.goto(f"{DEMO}&columns={columns}")
    seen: list[str] = []
    shown = page.locator(".count b").first
    for last in range(100, 301, 50):
        seen += [one for one in _ids(page) if one not in seen]
        page.evaluate(TO_THE_END)  # what stood there may have been replaced by rows meanwhile
        expect(shown).to_have_text(re.compile(f"1–({last}|{last + 50}|{last + 100})$"))
    expect(page.locator("tbody[data-spacer]").first).to_be_attached()
    assert 40 * int(shown.inner_text().split("–")[1]) >= 40 * 250
    assert page.locator("#explore *").count() < NODES
    assert page.locator(ROWS).count() <= 150
    # Back up, screen by screen: the same events, in the same order, none twice.
    again: list[str] = []
    page.evaluate("document.querySelector('[data-region]').scrollTop = 0")
    expect(page.locator(ROWS).first).to_have_attribute("data-event", seen[0])
    for number, event in enumerate(seen[:120:20]):
        page.locator(f"tr[aria-rowindex='{number * 20 + 2}']").scroll_into_view_if_needed()
        again.append(page.locator(f"tr[aria-rowindex='{number * 20 + 2}']").get_attribute("data-event") or "")
        assert again[-1] == event
    # And by keyboard over the edge of what is loaded.
    page.evaluate("document.querySelector('[data-region]').scrollTop = 0")
    page.keyboard.press("j")
    page.keyboard.press("k")
    for _ in range(60):
        page.keyboard.press("j")
    assert page.locator("tr.is-current").get_attribute("data-event") == seen[60]


def test_what_arrives_meanwhile_is_counted_and_shown_when_asked_for(signed_in: Page, console: Console) -> None:
    page = signed_in
    page.clock.install()
    key = console.manage("make_writer_key", "late", "--by", "ada", "--writer", "late-1", "--dataset", "late").strip()
    page.goto("/?q=event.dataset%3Alate%20OR%20token.operation%3Atoken.revoke")
    before = _ids(page)
    event = {
        "@timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "event": {"id": "late-1", "action": "x", "outcome": "success", "dataset": "late"},
    }
    headers = {"Authorization": f"Bearer {key}"}
    answered = page.request.post("/api/v1/events", headers=headers, data=event)
    assert answered.ok, answered.text()
    found = page.get_by_role("link", name="1 newer event: show it")
    while not found.is_visible():
        page.clock.run_for(16_000)
        page.wait_for_timeout(200)
    assert _ids(page) == before
    found.click()
    expect(page.locator(ROWS).first).to_have_attribute("data-event", "late-1")
    page.get_by_label("Watch for newer").uncheck()


@pytest.mark.parametrize("script", [True, False])
def test_the_table_can_be_used_on_a_small_screen_and_without_a_script(
    script: bool, browser: Browser, console: Console
) -> None:
    context = browser.new_context(
        base_url=console.url, viewport={"width": 860, "height": 844}, color_scheme="dark", java_script_enabled=script
    )
    page = context.new_page()
    sign_in(page, "rae")
    page.goto(DEMO)
    page.get_by_text("Columns", exact=True).click()
    if not script:
        page.get_by_role("link", name="Which fields are columns").click()
    page.locator("[data-choice='user.email'] input").check()
    if script:
        assert faults(page) == []
    page.locator("[data-show]").click()
    expect(page.locator("th[data-column]").last).to_have_attribute("data-column", "user.email")
    page.set_viewport_size({"width": 390, "height": 844})
    if not script:
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(".count b").first).to_have_text("51–100")
        page.set_viewport_size({"width": 860, "height": 844})
        page.get_by_role("button", name="Wrap").click()
        expect(page.locator("table.is-wrapped")).to_be_visible()
    page.locator("[data-open]").first.click()
    expect(page.locator(".opened" if script else "h1:has-text('Event')")).to_be_visible()
    if script:
        assert faults(page) == []
    context.close()


TO_THE_END = "document.querySelector('[data-region]').scrollTop = document.querySelector('[data-region]').scrollHeight"
IN_VIEW = """() => [...document.querySelectorAll("tbody[data-block] .row")].filter((row) => {
  const box = row.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight;
}).length"""


def test_twenty_rows_and_more_are_in_view_on_a_laptop_and_nothing_shifts(signed_in: Page) -> None:
    page = signed_in
    page.set_viewport_size({"width": 1440, "height": 900})
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { shift += entry.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(f"{DEMO}&f=event.outcome%3Afailure", wait_until="networkidle")
    assert page.evaluate(IN_VIEW) >= 24
    assert page.evaluate("window.shift") < 0.02
    page.locator("[data-open]").nth(5).click()
    expect(page.locator(".opened .badge[href$='/proof/']")).to_be_visible()
    assert page.evaluate(IN_VIEW) >= 18
    page.locator(".opened").get_by_role("button", name="Close").click()
    bar = page.locator("#pin-form")
    expect(bar).to_be_hidden()
    page.locator("input[name=event]").nth(2).check()
    expect(bar).to_be_visible()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_what_is_pinned_is_marked_with_its_number_at_once_and_when_the_search_is_opened_again(signed_in: Page) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("Marked rows")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    case = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"{DEMO}&case={case}")
    page.locator("input[name=event]").nth(1).check()
    page.get_by_role("textbox", name="Reason").fill("Seen")
    page.get_by_role("button", name="Pin to Marked rows").click()
    expect(page.locator(".row .pinned")).to_have_text("E1")
    page.reload()
    expect(page.locator(".row .pinned")).to_have_text("E1")
    page.locator(".row .pinned").click()
    page.wait_for_url(re.compile(f"/cases/{case}/evidence/1/"))


def test_what_is_ticked_stays_ticked_while_the_time_is_narrowed_and_a_pin_leaves_the_address(signed_in: Page) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("While zooming")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    page.goto(f"{DEMO}&from=now-30d&to=now")
    address = page.url
    # The bar is not there while nothing is chosen; a form that is sent all the same is refused in place.
    page.evaluate(
        "document.querySelector('#pin-form textarea').value = 'Nothing'; document.querySelector('#pin-form').requestSubmit()"
    )
    expect(page.get_by_text("Choose at least one event to pin.")).to_be_visible()
    assert page.url == address
    page.locator("#main").focus()
    for key in ("j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-selected-count]")).to_have_text("1")
    chosen = page.locator("input[name=event]:checked").get_attribute("value")
    page.keyboard.press("-")
    page.wait_for_url(lambda url: url != address)
    wider = page.url
    page.locator("#main").focus()
    page.keyboard.press("=")
    page.wait_for_url(lambda url: url != wider)
    expect(page.locator(f"input[name=event][type=checkbox][value='{chosen}']:checked")).to_be_attached()
    expect(page.locator("[data-selected-count]")).to_have_text("1")
