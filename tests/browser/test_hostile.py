"""Hostile values in a real browser: nothing runs, nothing is asked elsewhere, nothing is wider than the window, and it is quick."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from investigations.templatetags.bounded import CUT
from tests.browser.conftest import Console, sign_in
from tests.support import hostile
from trail.connection import Trail, connect
from trail.writing.writer import write

LET_IN = [one for one in hostile.corpus() if not one.refused]
SCRIPT = next(one.value for one in LET_IN if one.name == "script")
SEARCH = "/?q=event.dataset%3Ahostile&columns=event.action,user.id,token.id,user_agent.original,resource.id,message,labels.team"
# Set before any page's own script: what a value that ran would leave behind.
CANARY = "Object.defineProperty(window, 'hostile', { set() { console.error('a value of an event ran'); } })"


@pytest.fixture
def hostile_trail(console: Console) -> Iterator[list[str]]:
    """The addresses of an event for each value, in the running console's trail."""
    trail: Trail = connect(console.environment["OPENSEARCH_URL"], prefix=console.environment["TRAIL_PREFIX"])
    documents = [hostile.event(one, number) for number, one in enumerate(LET_IN)]
    assert {one.status for one in write(trail, documents, by_console=True)} <= {"created", "existing"}
    trail.client.indices.refresh(index=trail.events)
    yield [reverse("event_detail", args=[document["event"]["id"]]) for document in documents]
    trail.client.close()


def _wider(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_hostile_values_are_text_on_every_kind_of_page(
    page: Page, context: BrowserContext, console: Console, hostile_trail: list[str]
) -> None:
    shown: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        shown.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", on_dialog)
    context.add_init_script(CANARY)
    sign_in(page, "alice")
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("Hostile")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\w{10}/$"))
    case = page.url
    wide = []
    identifiers = [
        f"/users/~{_encoded(SCRIPT)}/",
        f"/services/~{_encoded(SCRIPT)}/",
        f"/resources/~{_encoded(SCRIPT)}/",
        f"/tokens/~{_encoded(SCRIPT)}/",
        f"/tokens/~{_encoded(SCRIPT)}/lineage/",
        f"/?f={quote('user.id:' + SCRIPT)}",
    ]
    for address in [SEARCH, *hostile_trail[::9], *identifiers]:
        page.goto(address, wait_until="networkidle")
        wide += [address] if _wider(page) > 0 else []
    page.goto(f"{SEARCH}&case={case.rstrip('/').rpartition('/')[2]}", wait_until="networkidle")
    for identifier in page.locator("tbody .row .id").all()[:4]:
        identifier.hover()
        page.locator("[data-cell-menu]").click()
        expect(page.locator("#cell-menu")).to_be_visible()
        page.keyboard.press("Escape")
    for tick in page.locator("tbody input[name=event]").all()[:3]:
        tick.check()
    page.get_by_role("textbox", name="Reason").fill(SCRIPT)
    page.get_by_role("button", name="Pin to").click()
    expect(page.get_by_text("Pinned 3 to")).to_be_visible()
    page.goto(case, wait_until="networkidle")
    expect(page.locator(".item")).not_to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 800})
    for address in (case, SEARCH, hostile_trail[0]):
        page.goto(address, wait_until="networkidle")
        wide += [f"{address} at 390"] if _wider(page) > 0 else []
    assert (shown, wide) == ([], [])


def test_a_text_of_a_megabyte_is_cut_and_shown_whole_on_demand(page: Page, hostile_trail: list[str]) -> None:
    sign_in(page, "alice")
    number = next(number for number, one in enumerate(LET_IN) if one.name == "megabyte")
    page.goto(hostile_trail[number])
    assert page.evaluate("document.documentElement.outerHTML.length") < 1_000_000
    assert len(page.locator("#original").inner_text()) == CUT
    page.get_by_role("link", name="Show all of it").locator("visible=true").first.click()
    page.wait_for_url("**whole=original*")
    assert len(page.locator("#original").inner_text()) > 100_000


def _encoded(value: str) -> str:
    return reverse("token_detail", args=[value]).split("~")[1].strip("/")
