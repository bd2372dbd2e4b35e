"""Takes the pictures of the README and the tutorial from the running demonstration: search, token and case, light and dark."""

import argparse
import os
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium

IMAGES = Path(__file__).resolve().parents[2] / "docs/img"
SIZE = {"width": 1440, "height": 900}
PASSWORD = "demonstration"  # of everybody in it
TOKEN, INTRUDER = "tok_ci_1_7f3a", "203.0.113.77"
TITLE, REASON = "northwind token leaked from a build log", "The intruder's use of the leaked token"


def main() -> None:
    """Needs a console that runs with the demonstration; makes its case, once."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('WEB_PORT', '8400')}")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.ARGUMENTS)
        for scheme in ("light", "dark"):
            take_pictures(browser, options.url, scheme)
        browser.close()


def take_pictures(browser: Browser, url: str, scheme: str) -> None:
    """Write search-, token- and case-SCHEME.png."""
    context = browser.new_context(base_url=url, viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page)
    addresses = {
        "case": find_case(page) or open_case(page),
        "token": f"/tokens/{TOKEN}/",
        "search": f"/?{urlencode({'q': 'organization.id:org_northwind'})}",
    }
    for name, address in addresses.items():
        page.goto(address)
        page.evaluate("document.fonts.ready")
        page.screenshot(path=IMAGES / f"{name}-{scheme}.png")
    context.close()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)


def find_case(page: Page) -> str | None:
    """The address of the case that an earlier run opened."""
    page.goto("/cases/")
    link = page.locator("main").get_by_role("link", name=TITLE).first
    return link.get_attribute("href") if link.count() else None


def open_case(page: Page) -> str:
    """Open it and pin what the intruder did; its address."""
    page.goto("/cases/new/")
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Severity").select_option("high")
    page.get_by_role("button", name="Open the case").click()
    page.get_by_role("heading", name=TITLE).wait_for()
    case = page.url
    words = {"q": f"token.id:{TOKEN} AND source.ip:{INTRUDER}", "case": case.rstrip("/").rpartition("/")[2]}
    page.goto(f"/?{urlencode(words)}")
    for tick in page.locator("input[name=event][type=checkbox]").all():
        tick.check()
    page.locator("#pin-form").get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Pin to").click()
    page.get_by_text("Pinned").first.wait_for()
    return case


if __name__ == "__main__":
    main()
