"""Every page, light and wide, dark and narrow: usable by WCAG 2.2 AA as far as axe can tell, never wider than the window."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Console, faults_light_and_dark, run_in_background, sign_in

BARE = ["/accounts/login/", "/accounts/signup/", "/nowhere/"]
PLAIN = [
    "/", "/?q=event.outcome%3Afailure&from=now-30d", "/?q=user.id%3A%28", "/?q=nothing-like-it", "/?f=-event.outcome%3Asuccess&f=~source.ip(network)%3A10.0.0.0%2F8", "/search/filter/?field=user.id", "/snippets/", "/cases/", "/cases/?view=board", "/cases/new/", "/cases/new/?template=leaked-token", "/notices/",
    "/queries/", "/queries/everything-a-token-did/", "/queries/from-an-address/?run=1&p.address=nonsense", "/runs/",
    "/exports/", "/searches/", "/compare/", "/compare/?a.q=user.id%3A*&a.to=now-30d&b.q=user.id%3A*&b.from=now-30d", "/detections/", "/detections/new/?q=event.outcome%3Afailure", "/notes/new/", "/indicators/", "/secret/", "/status/", "/log/", "/log/consistency/?old=1&new=2", "/log/consistency/?old=2&new=1", "/accounts/profile/", "/questions/first-use/", "/questions/tokens-issued/",
]  # fmt: skip
ENTITIES = [
    "/users/usr_0000/", "/users/nobody/", "/addresses/203.0.113.77/", "/services/api/", "/services/api/values/user.id/",
    "/clients/Firefox/", "/organisations/org_northwind/",
]  # fmt: skip
FOR_ADMINS = [
    "/writers/", "/writers/new/", "/incidents/", "/incidents/writers/", "/rejected/", "/rejected/mappings/",
    "/cases/templates/", "/cases/templates/leaked-token/", "/cases/break-glass/", "/cases/report-templates/", "/case-imports/", "/redaction/",
]  # fmt: skip


CASE_PAGES = (
    "", "notes/", "tasks/", "entities/", "hypotheses/", "custody/", "attachments/", "people/", "activity/", "report/", "change/", "close/", "merge/",
    "evidence/1/", "evidence/1/annotate/", "manual-events/", "manual-events/1/", "clock-skews/",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(browser: Browser, console: Console) -> list[str]:
    """A case with something of every kind in it, a run and an export: the addresses of all that."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    sign_in(page, "alice")
    page.goto("/cases/new/?template=leaked-token")
    page.get_by_label("Title").fill("Every page")
    page.get_by_role("button", name="Open the case").click()
    case = page.url.removeprefix(console.url)
    public_id = case.split("/")[2]
    page.goto(f"{case}notes/")
    page.get_by_label("Note").fill("Who asked for this token?")
    page.get_by_role("button").filter(has_text="note").click()
    page.goto(f"{case}hypotheses/")
    page.get_by_label("Hypothesis").fill("It was the runner")
    page.get_by_role("button", name="Add the hypothesis").click()
    page.goto(f"{case}manual-events/")
    page.get_by_label("What happened").fill("The runner was called off")
    page.get_by_label("When").fill("2026-11-20 10:00:00")
    page.get_by_role("button", name="Enter it").click()
    page.goto(f"{case}attachments/")
    page.get_by_label("File").set_input_files({"name": "letter.pdf", "mimeType": "", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Attach the file").click()
    page.goto(f"/?q=event.outcome%3Afailure&case={public_id}")
    page.locator("input[name=event][type=checkbox]").first.check()
    event = page.locator("[data-open]").first.get_attribute("href") or ""
    page.locator("#pin-form").get_by_label("Reason").fill("An example")
    page.get_by_role("button", name="Pin to").click()
    expect(page.get_by_text("Pinned 1 to")).to_be_visible()
    run_in_background(page)
    expect(page.locator("#progress .badge--finished")).to_be_visible()
    run = page.url.removeprefix(console.url)
    page.locator("#export-menu summary").first.click()
    with page.expect_download():
        page.get_by_role("button", name="Export", exact=True).click()
    export = page.locator("#export-watch a", has_text="Its digest").get_attribute("href") or ""
    context.close()
    answer = dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())
    token = answer["token_id"]
    tabs = [f"{case}{tab}" for tab in CASE_PAGES]
    asked = [
        f"/questions/first-use/?token={token}",
        f"/questions/before-revocation/?token={token}",
        f"/tokens/{token}/lineage/",
        f"/tokens/{token}/compromise/?at={answer['first_used_from_elsewhere']}",
    ]
    return [*tabs, event, f"{event}proof/", run, export, *asked]


@pytest.fixture(scope="module")
def refused(browser: Browser, console: Console) -> Iterator[list[str]]:
    """An event that the trail does not take: the addresses of its incident, its group and itself. Decided on in the end."""
    key = console.manage("make_writer_key", "proxy", "--by", "ada", "--writer", "proxy-1", "--dataset", "proxy").strip()
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    answer = page.request.post(
        "/api/v1/events", headers={"Authorization": f"Bearer {key}"}, data={"usr": "<script>alert(1)</script>"}
    )
    assert answer.status == 422
    sign_in(page, "ada")
    found = []
    for listed in ("/incidents/?kind=rejected", "/rejected/", None):  # the last is the group that the one before led to
        if listed:
            page.goto(listed)
        page.locator("[data-open]").first.click()
        page.wait_for_load_state()
        found.append(page.url.removeprefix(console.url))
    yield found
    decided = page.locator("form", has=page.get_by_role("button", name="Discard"))
    decided.get_by_label("Reason").fill("It was made to be refused.")
    decided.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Discard")).to_have_count(0)
    context.close()


@pytest.mark.timeout(1200)  # some sixty pages, each in two looks
def test_every_page_can_be_used_by_everybody(
    browser: Browser, console: Console, made: list[str], refused: list[str]
) -> None:
    paths = {None: BARE, "alice": [*PLAIN, *ENTITIES, *made], "ada": [*FOR_ADMINS, *refused]}
    wrong = []
    for person, addresses in paths.items():
        context = browser.new_context(base_url=console.url, reduced_motion="reduce")
        page = context.new_page()
        if person:
            sign_in(page, person)
        for address in addresses:
            page.goto(address)
            wrong += faults_light_and_dark(page)
        context.close()
    assert wrong == []
