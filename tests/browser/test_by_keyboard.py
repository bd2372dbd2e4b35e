"""The demonstration's incident by keyboard alone: from home to who, what and until when."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from investigations.presentation.times import format_sentence
from tests.browser.conftest import Console, sign_in

MOST_LOADS, MOST_ACTIONS = 6, 10
FOCUSED = "() => (document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || '').trim()"


@dataclass
class Analyst:
    """Somebody without a mouse. Walking to a link by Tab is part of following it; every other key that does something counts."""

    page: Page
    actions: int = 0
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("load", lambda page: self.loads.append(page.url))

    def press(self, key: str) -> None:
        self.actions += 1
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.actions += 1
        self.page.keyboard.type(text)

    def follow(self, words: str) -> None:
        """Walk to what begins with these words, and press it."""
        self.page.locator("#main").focus()
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED).startswith(words):
                return self.press("Enter")
        raise AssertionError(f"{words} is not reached by Tab")


@pytest.fixture
def analyst(page: Page) -> Analyst:
    sign_in(page, "alice")
    page.goto("/home/")
    return Analyst(page)


def test_who_what_and_until_when_take_few_pages_and_few_keys(analyst: Analyst, console: Console) -> None:
    answer = dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())
    page = analyst.page
    analyst.press("Control+k")
    analyst.type(answer["token_id"])
    expect(page.locator("[role=option]").first).to_contain_text(answer["token_id"])
    analyst.press("Enter")
    page.wait_for_url(f"**/tokens/{answer['token_id']}/")
    # Who: a second address, and since when.
    expect(page.locator(".answer")).to_contain_text(
        f"A second address, {answer['intruder']}, came on {format_sentence(answer['first_used_from_elsewhere'])}"
    )
    analyst.follow("Exposure")
    page.wait_for_url("**/compromise/**")
    analyst.follow(answer["intruder"])
    page.wait_for_url("**actor=address**")
    # What, and until when.
    said = page.locator(".answer")
    expect(said).to_contain_text(f"{answer['intruder']} reached")
    expect(said).to_contain_text("5 secrets and 12 machines")
    expect(said).to_contain_text(f"revoked {format_sentence(answer['revoked_at'])}")
    expect(said).to_contain_text(f"the last {format_sentence(answer['accepted_until'])}")
    assert len(analyst.loads) <= MOST_LOADS
    assert analyst.actions <= MOST_ACTIONS


def test_a_token_goes_into_a_case_from_the_command_bar(analyst: Analyst, console: Console) -> None:
    answer = dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())
    page = analyst.page
    analyst.press("Control+k")
    analyst.type(answer["token_id"])
    option = page.locator("[role=option]", has_text="Add it to a case")
    expect(option).to_be_visible()
    while option.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    analyst.press("Enter")
    page.wait_for_url("**#add-to-case")
    expect(page.locator("#add-to-case")).to_be_visible()
