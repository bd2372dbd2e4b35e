"""The whole console as `make up` runs it, on the session's node and Redis, and a browser. Nothing is patched here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from auditconsole.local.ports import find_free_port
from operations.management.commands.demo_people import PASSWORD
from tests.browser import chromium
from tests.support.parts import with_database

EVENTS = 10_000
expect.set_options(timeout=20_000)
# What is in order need not be told of one by one: half the time.
AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
# What depends on colours or on the width of the window; names, roles and order are the same in both.
AXE_OF_LOOKS = {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"],
    },
    "resultTypes": ["violations"],
}
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 900}


@dataclass(frozen=True)
class Console:
    """A running console: where it is, where its state is, how to run one of its commands."""

    url: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@pytest.fixture(scope="package")
def console(node: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """`manage.py console` with the demonstration in it, started once for all of these tests."""
    state, port = tmp_path_factory.mktemp("console"), find_free_port()
    environment = os.environ | {
        "CONSOLE_STATE_DIR": str(state),
        "WEB_PORT": str(port),
        "OPENSEARCH_URL": node,
        "WEB_WORKERS": "1",
        "PAGE_SECONDS": "20",
        "REDIS_URL": _beside(redis_url),
        "TRAIL_PREFIX": f"browser-{port}",
        "DEMO_EVENTS": str(EVENTS),
        "DATABASE_URL": f"sqlite:///{state / 'console.sqlite3'}",
    }
    log = state / "said.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "console"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=output,
        )
    while "Ctrl-C stops everything" not in log.read_text():
        assert process.poll() is None, f"The console did not start:\n{log.read_text()}"
        time.sleep(0.2)
    yield Console(f"http://127.0.0.1:{port}", environment)
    process.send_signal(signal.SIGINT)
    process.wait(60)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, console: Console, tmp_path: Path) -> Iterator[BrowserContext]:
    """A fresh profile. The test fails when a page logs an error, breaks its policy or asks another site for anything."""
    context = browser.new_context(base_url=console.url, viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(20_000)
    wrong: list[str] = []
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.on("console", lambda message: wrong.append(_said(message)) if _is_wrong(message) else None)
    context.on("request", lambda request: None if request.url.startswith(console.url) else wrong.append(request.url))
    yield context
    context.close()
    assert not wrong


def _beside(redis_url: str) -> str:
    """A database of the same Redis that no test empties."""
    return with_database(redis_url, int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 8)


def _is_wrong(message: ConsoleMessage) -> bool:
    # A query that cannot be understood is answered with 400, in place; browsers log that as an error.
    return message.type == "error" and "status of 400" not in message.text


def _said(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def sign_in(page: Page, username: str) -> None:
    """A session of its own, by the form of the sign-in page, which is not drawn for it."""
    asked = page.request.get("/accounts/login/").text()
    token = asked.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    words = {"csrfmiddlewaretoken": token, "login": username, "password": PASSWORD}
    answer = page.request.post("/accounts/login/", form=words, max_redirects=0)
    assert answer.status == 302, answer.text()


def sign_in_by_hand(page: Page, username: str) -> None:
    """As a person does it, from the sign-in page."""
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "login" not in url)


def run_in_background(page: Page) -> None:
    """As a person does it: it stands behind the button for more."""
    page.locator("summary[aria-label^=More]").click()
    page.get_by_role("button", name="Run in background").click()


def faults(page: Page, options: dict[str, Any] = AXE) -> list[str]:
    """Where a page fails WCAG 2.2 AA as far as axe can tell, or is wider than the window."""
    page.emulate_media(reduced_motion="reduce")  # no colour half way to another
    violations = Axe().run(page, options=options).response["violations"]
    wrong = [f"{page.url}: {rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wrong + ([f"{page.url}: {wider} pixels wider than the window"] if wider > 0 else [])


def faults_light_and_dark(page: Page) -> list[str]:
    """The same of a page in light and wide, by every rule; then in dark and narrow, by the rules that see a difference."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    wrong = faults(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    return wrong + [f"dark, narrow: {fault}" for fault in faults(page, AXE_OF_LOOKS)]
