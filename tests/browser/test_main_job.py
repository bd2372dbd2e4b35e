"""The main job, as an analyst and an admin do it, on the whole console."""

import csv
import io
import json
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Download, Page, expect

from tests.browser.conftest import EVENTS, Console, run_in_background, sign_in_by_hand

QUERY = "What a token was refused"


def test_an_analyst_goes_from_a_question_to_an_exported_timeline(
    console: Console, context: BrowserContext, page: Page, tmp_path: Path
) -> None:
    leaked = _answer(console, "token_id")
    _an_admin_adds_a_saved_query(context, console)

    sign_in_by_hand(page, "alice")
    case = _open_a_case(page, "A token in a build log")
    _run_the_saved_query(page, leaked)
    pinned = _pin_three(page, "Refused after the revocation")
    pinned += _pin_from_a_background_run(context, page, leaked, case)

    page = context.new_page()
    page.goto(case)
    times = page.locator(".item__time time").evaluate_all("times => times.map(time => time.dateTime)")
    assert len(times) == 4
    assert times == sorted(times)
    _the_files_hold_exactly_the_pinned_events(page, case, pinned, tmp_path)


def _answer(console: Console, name: str) -> str:
    """What the demonstration's investigation should find."""
    told = dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())
    return told[name]


def _an_admin_adds_a_saved_query(context: BrowserContext, console: Console) -> None:
    page = context.new_page()
    sign_in_by_hand(page, "ada")
    page.get_by_role("link", name="Admin").click()
    page.locator("#content-main").get_by_role("link", name="Saved queries").click()
    page.locator(".object-tools").get_by_role("link", name=re.compile("Add")).click()
    page.get_by_label("Name:").fill(QUERY)
    page.get_by_label("Slug:").fill("what-a-token-was-refused")
    page.get_by_label("Query:").fill("token.id:$token AND event.outcome:failure")
    page.get_by_label("Parameters:").fill("token | Token id | token")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    context.clear_cookies()
    page.close()


def _open_a_case(page: Page, title: str) -> str:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Cases").click()
    page.get_by_role("link", name="Open a case").first.click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Severity").select_option("high")
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    return page.url


def _run_the_saved_query(page: Page, token: str) -> None:
    page.get_by_role("link", name="Run a saved query").click()
    page.get_by_role("link", name=QUERY).click()
    page.get_by_label("Token id").fill(token)
    page.get_by_role("button", name="Run the query").click()
    expect(page.get_by_role("group", name="Events over time")).to_be_visible()
    expect(page.locator("table[data-rows] tbody tr").first).to_contain_text("revoked")
    assert page.locator(".hist .failure").count() >= 1


def _pin_three(page: Page, reason: str) -> list[str]:
    ticks = page.locator("input[name=event][type=checkbox]")
    chosen = [ticks.nth(number).get_attribute("value") or "" for number in range(3)]
    for number in range(3):
        ticks.nth(number).check()
    page.locator("#pin-form").get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Pin to").click()
    expect(page.get_by_text("Pinned 3 to")).to_be_visible()
    return chosen


def _pin_from_a_background_run(context: BrowserContext, page: Page, token: str, case: str) -> list[str]:
    """Over the whole trail, so that it takes a while: watched, left, and come back to."""
    page.goto(f"/?case={case.rstrip('/').rpartition('/')[2]}")
    page.get_by_label("Query").fill("event.dataset:demonstration")
    run_in_background(page)
    page.wait_for_url(re.compile("/runs/"))
    run = page.url
    seen = _progress_moves(page)
    assert len(seen) >= 2, f"the progress showed {seen}"
    page.close()

    later = context.new_page()
    later.goto(run)
    expect(later.locator("#progress .badge--finished")).to_be_visible(timeout=60_000)
    later.goto(run)
    expect(later.get_by_text(f"of {EVENTS:,} events").first).to_be_visible()
    tick = later.locator("input[name=event][type=checkbox]").nth(4)
    chosen = tick.get_attribute("value") or ""
    tick.check()
    later.locator("#pin-form").get_by_label("Reason").fill("What was usual at that time")
    later.get_by_role("button", name="Pin to").click()
    expect(later.get_by_text("Pinned 1 to")).to_be_visible()
    later.close()
    return [chosen]


def _progress_moves(page: Page) -> set[str]:
    """The numbers of events done that the page showed by itself, up to the second one or the end."""
    seen: set[str] = set()
    done = page.locator("#progress .progress__words b")
    for _ in range(600):
        seen.add(done.inner_text())
        if len(seen) >= 2 or page.locator("#progress .badge--finished").count():
            break
        page.wait_for_timeout(100)
    return seen


def _the_files_hold_exactly_the_pinned_events(page: Page, case: str, pinned: list[str], folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_exported(page, case, "csv", folder), newline="")))
    assert sorted(row["event.id"] for row in rows) == sorted(pinned)
    assert [row["@timestamp"] for row in rows] == sorted(row["@timestamp"] for row in rows)
    lines = [json.loads(line) for line in _exported(page, case, "jsonl", folder).splitlines()]
    assert [line["event"]["event"]["id"] for line in lines] == [row["event.id"] for row in rows]
    assert [line["digest"]["sha256"] for line in lines] == [row["sha256"] for row in rows]
    assert {line["evidence"]["pinned_by"] for line in lines} == {"Alice"}


def _exported(page: Page, case: str, format: str, folder: Path) -> str:
    """What stands in the file that the person gets by itself, on the page where it was asked for."""
    page.goto(case)
    page.locator("#export-menu summary").first.click()
    page.locator(f"#export-menu input[value={format}]").check()
    with page.expect_download(timeout=30_000) as waiting:
        page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("link", name=re.compile("Download"))).to_be_visible()
    assert page.url.endswith(case.removeprefix("http://").partition("/")[2])
    download: Download = waiting.value
    path = folder / download.suggested_filename
    download.save_as(path)
    return path.read_text()
