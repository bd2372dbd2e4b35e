"""The nine pages, light and dark, look as their reference pictures do; `make references` takes these anew."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page

from auditconsole.local import redis as local_redis
from tests.browser import still_console
from tests.browser.conftest import WIDE, sign_in
from tests.browser.pictures import TOLERANCE, Comparison, compare, shrink
from tests.browser.still_console import StillConsole
from tests.support import parts

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
REFERENCES = Path(__file__).parent / "references"
# Not in the session's folder, which goes away with the session.
DIFFERENCES = settings.BASE_DIR / ".pytest_cache/pictures"
TAKES_ANEW = os.environ.get("REFERENCES") == "anew"
PATIENCE = 10.0  # seconds that a busy machine may take to draw what scripts and late answers add to a page
# Of each page the addresses that a person comes by, and its own at last. A report is looked at by its own tests; the page
# of an event stands in its place.
PAGES: dict[str, Callable[[StillConsole], list[str]]] = {
    "home": lambda console: [f"/users/{console.user}/", f"/tokens/{console.token}/", "/home/"],
    "search": lambda console: [f"/?{urlencode({'q': 'organization.id:org_northwind'})}"],
    "token": lambda console: [f"/tokens/{console.token}/"],
    "lineage": lambda console: [f"/tokens/{console.token}/lineage/"],
    "exposure": lambda console: [f"/tokens/{console.token}/compromise/?{urlencode({'at': console.compromised_at})}"],
    "user": lambda console: [f"/users/{console.user}/"],
    "case": lambda console: [f"/cases/{console.case}/"],
    "findings": lambda console: ["/detections/"],
    "event": lambda console: [f"/events/{console.event}/"],
}


@pytest.fixture(scope="module")
def still(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StillConsole]:
    server, folder = parts.new_redis(), tmp_path_factory.mktemp("still")
    with local_redis.run_server(server), still_console.running(folder, node, server.url) as console:
        yield console


@pytest.fixture(scope="module")
def tabs(browser: Browser, still: StillConsole) -> Iterator[dict[Scheme, Page]]:
    """A page in each theme, at the time at which the console's clock stands."""
    pages: dict[Scheme, Page] = {}
    for scheme in SCHEMES:
        context = browser.new_context(base_url=still.url, viewport=WIDE, color_scheme=scheme, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        pages[scheme] = context.new_page()
        pages[scheme].clock.set_fixed_time(f"{still_console.NOW}Z")
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_its_reference_does(
    tabs: dict[Scheme, Page], still: StillConsole, name: str, scheme: Scheme
) -> None:
    page, picture = tabs[scheme], f"{name}-{scheme}"
    open_page(page, still, name)
    if TAKES_ANEW:
        REFERENCES.mkdir(exist_ok=True)
        take(page).save(REFERENCES / f"{picture}.png", optimize=True)
    comparison = compare_patiently(page, picture)
    if not comparison.is_same:
        DIFFERENCES.mkdir(parents=True, exist_ok=True)
        comparison.picture.save(DIFFERENCES / f"{picture}.png")
        comparison.draw().save(DIFFERENCES / f"{picture}-difference.png")
    assert comparison.is_same, (
        f"The page {name} in {scheme} is not what {REFERENCES.name}/{picture}.png shows: a part of it differs by "
        f"{max(comparison.differences)}, and {TOLERANCE} is borne. {DIFFERENCES} has {picture}.png and {picture}-difference.png."
    )


FAULTS = {
    "the palette is missing": "document.querySelector('link[href*=\"css/palette.\"]').remove()",
    "the frame's style sheet is missing": "document.querySelector('link[href*=\"css/shell.\"]').remove()",
    "the lifeline is empty": "document.querySelectorAll('[data-plot] .ll__lane > svg').forEach(lane => lane.replaceChildren())",
    "the theme is the other": "document.documentElement.dataset.theme = 'dark'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_is_not_the_same_when(tabs: dict[Scheme, Page], still: StillConsole, fault: str) -> None:
    page = tabs["light"]
    open_page(page, still, "token")
    assert compare_patiently(page, "token-light").is_same
    page.evaluate(FAULTS[fault])
    assert not compare(take(page), read_reference("token-light")).is_same


def open_page(page: Page, still: StillConsole, name: str) -> None:
    """As alice comes to it; signed in anew where it matters what she has looked at before."""
    addresses = PAGES[name](still)
    if len(addresses) > 1 or not page.context.cookies():
        page.context.clear_cookies()
        sign_in(page, "alice")
    for address in addresses:
        page.goto(address)
        page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


def take(page: Page) -> Image.Image:
    return shrink(page.screenshot(animations="disabled"))


def read_reference(name: str) -> Image.Image:
    with Image.open(REFERENCES / f"{name}.png") as picture:
        return picture.convert("RGB")


def compare_patiently(page: Page, name: str) -> Comparison:
    """Looks again for a while when the page is not as its reference yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        comparison = compare(take(page), read_reference(name))
        if comparison.is_same or time.monotonic() > deadline:
            return comparison
        page.wait_for_timeout(500)
