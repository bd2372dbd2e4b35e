"""A token's pages as an analyst uses them: read, walked by keyboard, followed into the search and into a case."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from investigations.presentation.times import format_sentence
from tests.browser.conftest import Console, sign_in


@pytest.fixture(scope="module")
def answer(console: Console) -> dict[str, str]:
    """What the demonstration's investigation should find."""
    return dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())


@pytest.fixture
def signed_in(page: Page) -> Page:
    sign_in(page, "alice")
    return page


def test_the_dossier_answers_and_leads_to_everything_derived_from_the_token(
    signed_in: Page, answer: dict[str, str]
) -> None:
    page = signed_in
    page.goto(f"/tokens/{answer['token_id']}/")
    for words in (
        f"First used {format_sentence(answer['first_used'])} from {answer['first_used_from']}",
        f"A second address, {answer['intruder']}, came on {format_sentence(answer['first_used_from_elsewhere'])}",
        f"Revoked {format_sentence(answer['revoked_at'])} by {answer['revoked_by']}: “found in a public build log”",
        "tries were denied, the first",
    ):
        expect(page.locator(".answer")).to_contain_text(words)
    expect(page.locator(".coverage")).to_contain_text("Whole trail")
    page.get_by_role("link", name="This token and everything derived from it").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"token\.lineage"))
    afterwards = int(answer["accepted_after_revocation"]) + int(answer["refused_after_revocation"])
    events = int(answer["events_before_revocation"]) + 1 + afterwards
    expect(page.get_by_text(f"of {events} events").first).to_be_visible()
    assert len(page.url) < 200


def test_the_lineage_is_walked_by_arrow_keys(signed_in: Page, answer: dict[str, str]) -> None:
    page = signed_in
    page.goto(f"/tokens/{answer['token_id']}/lineage/")
    expect(page.locator(".say").first).to_contain_text("4 tokens in all")
    here = page.locator("[data-tree] .node > summary:focus bdi")
    page.locator("[data-tree] .node > summary").first.focus()
    root, child, grandchild, issued = (one[:10] for one in [answer["fingerprint"], *answer["descendants"].split(", ")])
    for key, then in (("ArrowDown", child), ("ArrowRight", grandchild), ("ArrowDown", issued), ("Home", root)):
        page.keyboard.press(key)
        expect(here).to_contain_text(then)
    page.keyboard.press("ArrowLeft")  # closes the root
    page.keyboard.press("ArrowDown")  # so there is nothing below
    expect(here).to_contain_text(root)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(here).to_contain_text(issued)


def test_from_the_moment_of_compromise_to_a_case(signed_in: Page, answer: dict[str, str], tmp_path: Path) -> None:
    page = signed_in
    page.goto("/cases/new/")
    page.get_by_label("Title").fill("A leaked token")
    page.get_by_role("button", name="Open the case").click()
    page.goto(f"/tokens/{answer['token_id']}/compromise/")
    page.locator("tr", has_text=answer["intruder"]).locator("a[title^='Take this']").first.click()
    page.wait_for_url(re.compile(r"[?&]at="))
    expect(page.locator(".answer")).to_contain_text(
        f"First suspicious use {format_sentence(answer['first_used_from_elsewhere'])}"
    )
    expect(page.get_by_role("region", name="Blast radius: resources")).to_contain_text("STRIPE_KEY")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Blast radius, CSV").click()
    waiting.value.save_as(tmp_path / "radius.csv")
    assert "\nresource.id,STRIPE_KEY,secret," in (tmp_path / "radius.csv").read_text()
    page.get_by_text("Pin these").click()
    page.get_by_role("textbox", name="Reason").fill("What was done with the leaked token")
    page.get_by_role("button", name="Pin to").click()
    expect(page.get_by_text(re.compile(r"Pinned \d+ to “A leaked token”"))).to_be_visible()
    page.get_by_role("button", name="Collect these events in the background").click()
    page.wait_for_url(re.compile("/runs/"))
    expect(page.locator("#progress .badge--finished")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("token.lineage")).first).to_be_visible()
