"""A secret that is pasted is read in the browser, and stands nowhere afterwards: every request, every log, every event."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.browser.conftest import Console, sign_in
from tests.support import macaroons
from tests.support.factories.events import use, write
from tests.support.macaroons import Found
from trail.connection import Trail, connect
from trail.redaction import remove_secrets
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

PIECE = 12
STORED = """async () => JSON.stringify([
  Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, await caches.keys(),
  await indexedDB.databases(), location.href, history.state, document.documentElement.outerHTML,
  [...document.querySelectorAll("input, textarea")].map((field) => field.value)])"""


@pytest.fixture
def own_trail(console: Console) -> Iterator[Trail]:
    """The trail of the running console."""
    trail = connect(console.environment["OPENSEARCH_URL"], prefix=console.environment["TRAIL_PREFIX"])
    yield trail
    trail.client.close()


@pytest.fixture
def sent(context: BrowserContext) -> list[str]:
    """Everything that leaves the browser: addresses, headers, bodies."""
    seen: list[str] = []

    def keep(request: Request) -> None:
        body = request.post_data_buffer or b""
        seen.append(f"{request.method} {request.url} {json.dumps(request.headers)} {body.decode(errors='replace')}")

    context.on("request", keep)
    return seen


def _pieces(secret: str) -> set[str]:
    """Every twelve characters of a secret, as it stands and as it may be wrapped on its way."""
    forms = [
        secret,
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        secret.encode().hex(),
        secret[::-1],
    ]
    forms += [base64.b64encode(b" " * shift + secret.encode()).decode()[4:-4] for shift in range(3)]
    return {form[at : at + PIECE] for form in forms for at in range(len(form) - PIECE + 1)}


def _holding(found: list[Found], *places: str) -> list[str]:
    # The name of a packet is the same in every macaroon, and stands in what the console is made of too.
    name = base64.b64encode(b"identifier").decode()
    pieces = {piece for one in found for piece in _pieces(one.secret) if piece not in name}
    text = "\n".join(places)
    return sorted({text[at : at + PIECE] for at in range(len(text))} & pieces)


def _paste(page: Page, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


def _close(page: Page, dialog: Locator) -> None:
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def _said_since(console: Console, trail: Trail, began: str) -> list[str]:
    """What the processes wrote into their logs, and every event that was written."""
    logs = [
        path.read_text(errors="replace")
        for path in Path(console.environment["CONSOLE_STATE_DIR"]).rglob("*")
        if path.is_file() and path.suffix in (".txt", ".log", ".json", ".jsonl")
    ]
    trail.client.indices.refresh(index=trail.events)
    since = Search(text=f"event.ingested:>={began}")
    return logs + [json.dumps(hit.document) for batch in execute.scan(trail, since, WHOLE_TRAIL) for hit in batch.hits]


def test_tokens_of_every_format_lead_to_what_the_trail_knows_and_leave_nothing_behind(
    page: Page, context: BrowserContext, console: Console, own_trail: Trail, sent: list[str], data: Path
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    found = macaroons.every("browser") + macaroons.published(data)
    # The trail knows the first half by what it says of itself, the rest by its fingerprint, one by what an import left.
    known = [
        use(
            one.id or "elsewhere",
            token__fingerprint=None if one.id and n % 2 else one.fingerprint,
            event__dataset="secret",
        )
        for n, one in enumerate(found)
    ]
    left, removed = remove_secrets(f"Bearer {found[-5].secret}")
    assert (removed, found[-5].secret in left) == (1, False)
    write(
        own_trail,
        *known,
        use("other", event__original=json.dumps({"header": left}), raw={"header": left}, event__dataset="secret"),
    )
    sign_in(page, "alice")
    page.goto("/secret/")
    page.locator("main textarea").focus()
    _paste(page, "\n\nlorem ".join(one.text for one in found) + "\n")
    tokens_shown = page.locator(".secret__token")
    expect(page.locator("main [data-secret-said]")).to_contain_text("The trail knows")
    for one in found:
        heading = page.get_by_role("heading", name=one.kind, exact=True)
        shown = tokens_shown.filter(has_text=one.fingerprint or "").filter(has=heading)
        expect(shown).to_have_count(1)
        expect(shown.locator(".is-known").first).to_contain_text("Open its dossier")
    assert page.locator("main textarea").input_value() == ""
    stored = [page.evaluate(STORED), json.dumps(context.cookies())]
    tokens_shown.first.locator(".is-known").get_by_role("link", name="Open its dossier").first.click()
    page.wait_for_url(lambda url: "/secret/" not in url and str(found[0].id) in url)
    stored.append(page.evaluate(STORED))
    page.go_back()
    stored.append(page.evaluate(STORED))
    expect(page.locator(".secret__token")).to_have_count(0)
    assert page.locator("main textarea").input_value() == ""
    assert _holding(found, *sent, *stored, *_said_since(console, own_trail, began)) == []
    # And it would be seen: one of the names that were asked for is.
    assert any(quote(f"token.id:{found[0].id}", safe="") in request for request in sent)


def test_a_token_that_is_put_into_a_form_is_stopped_and_read_here(
    page: Page, context: BrowserContext, console: Console, own_trail: Trail, sent: list[str]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    found = macaroons.every("guard")
    sign_in(page, "alice")
    page.goto("/")
    dialog = page.get_by_role("dialog", name="A token, read in this browser")
    for one in found[:5] + found[6:8]:  # a secret key of AWS has no form of its own
        page.get_by_label("Query", exact=True).focus()
        _paste(page, f"user.id:alice {one.text}")
        expect(dialog.locator(".secret__token", has_text=one.fingerprint or "")).to_be_visible()
        _close(page, dialog)
        assert page.get_by_label("Query", exact=True).input_value() == ""
    github = found[6]
    page.get_by_label("Query", exact=True).focus()
    page.keyboard.type(f"user.id:alice {github.secret}")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text(github.fingerprint or "").first).to_be_visible()
    _close(page, dialog)
    assert page.get_by_label("Query", exact=True).input_value() == "user.id:alice"
    page.goto("/cases/new/")
    page.get_by_label("Title").fill(f"Leak of {github.secret}")
    page.get_by_role("button", name="Open the case").click()
    expect(dialog.locator(".secret__token", has_text=github.fingerprint or "")).to_be_visible()
    assert page.url.endswith("/cases/new/")
    places = [*sent, page.evaluate(STORED), *_said_since(console, own_trail, began)]
    assert _holding(found, *places) == []


def test_without_a_secure_context_or_without_javascript_nothing_can_be_sent(browser: Browser, console: Console) -> None:
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    sign_in(page, "rae")
    state = context.storage_state()
    context.add_init_script("Object.defineProperty(Object.getPrototypeOf(crypto), 'subtle', { value: undefined })")
    page.goto("/secret/", wait_until="networkidle")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.locator("main textarea").fill("ghp_" + "a" * 36)
    page.get_by_role("button", name="Read it here").click()
    expect(page.locator("main [data-secret-insecure]")).to_contain_text("sha256sum")
    assert asked == []
    assert page.locator("main textarea").input_value() == ""
    context.close()
    context = browser.new_context(base_url=console.url, java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto("/secret/")
    expect(page.get_by_text("Without JavaScript there is no field here")).to_be_visible()
    assert re.findall(r"<(?:input|textarea)[^>]*>", page.locator("main").inner_html()) == []
    context.close()
