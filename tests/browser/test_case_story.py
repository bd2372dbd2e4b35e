"""The demonstration's incident from a finding to the report of its case, once by mouse and once by keyboard, with two people in the case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Console, sign_in
from tests.support.report_text import read_pdf, squeeze

MOST_LOADS, MOST_ACTIONS = 12, 25
# The name of what has the focus, as a person reads it; none outside a part of the page.
FOCUSED = """(within) => {
  const at = document.activeElement;
  if (!at.closest(within)) return '';
  const names = [at.getAttribute('aria-label'), at.labels?.[0]?.innerText, at.innerText, at.placeholder];
  return (names.find((name) => name?.trim()) ?? '').trim();
}"""
NAME = "A token from a new place"
FIND = """
from datetime import UTC, datetime
from accounts.models import User
from investigations.detections import services as detections
from investigations.models import Detection
from trail.search.spec import Search
search = Search(text='token.id:{token_id} AND source.ip:{intruder}')
made = detections.make(name='{name}', search=search, minutes=1440, severity='high', by=User.objects.get(username='alice'))
past = datetime(2020, 1, 1, tzinfo=UTC)
Detection.objects.filter(pk=made.pk).update(place=None, looked_until=past, next_at=past)
print('found', detections.look(made.pk).public_id)
"""


class Analyst(Protocol):
    """Somebody who works with a page. Each act is one action; `loads` are the pages that were loaded for it."""

    page: Page
    actions: int
    loads: list[str]

    def press(self, words: str, within: str = "main") -> None:
        """Press the first link, button or summary within that begins with these words."""

    def write(self, label: str, text: str, within: str = "main") -> None:
        """Fill in a field."""

    def choose(self, label: str, option: str, within: str = "main") -> None:
        """Choose of a list."""


@dataclass
class ByMouse:
    """Points at what is seen."""

    page: Page
    actions: int = 0
    loads: list[str] = field(default_factory=list)

    def press(self, words: str, within: str = "main") -> None:
        self.actions += 1
        pressed = self.page.locator(within).locator("a, button, summary").locator("visible=true")
        self._begins(pressed, words).click()

    def write(self, label: str, text: str, within: str = "main") -> None:
        self.actions += 1
        self.page.locator(within).get_by_label(label).locator("visible=true").first.fill(text)

    def choose(self, label: str, option: str, within: str = "main") -> None:
        self.actions += 1
        self.page.locator(within).get_by_label(label).locator("visible=true").first.select_option(label=option)

    def _begins(self, pressed: Locator, words: str) -> Locator:
        by_name = pressed.and_(self.page.locator(f'[aria-label^="{words}"]'))
        return by_name.or_(pressed.filter(has_text=words)).first


@dataclass
class ByKeys:
    """Has no mouse. Walking to something by Tab is part of the act."""

    page: Page
    actions: int = 0
    loads: list[str] = field(default_factory=list)

    def press(self, words: str, within: str = "main") -> None:
        self.actions += 1
        self._walk(words, within)
        self.page.keyboard.press("Enter")

    def write(self, label: str, text: str, within: str = "main") -> None:
        self.actions += 1
        self._walk(label, within)
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str, within: str = "main") -> None:
        self.actions += 1
        self._walk(label, within)
        self.page.keyboard.type(option)

    def _walk(self, words: str, within: str) -> None:
        for begins_at_main in (False, True):
            if begins_at_main:
                self.page.locator("#main").focus()
            for _ in range(150):
                self.page.keyboard.press("Tab")
                if self.page.evaluate(FOCUSED, within).startswith(words):
                    return
        raise AssertionError(f"{words} is not reached by Tab on {self.page.url}")


@pytest.fixture(scope="module")
def answer(console: Console) -> dict[str, str]:
    """What an investigation of the demonstration should find; a detection has found the intruder's use of the token."""
    told = dict(line.split(maxsplit=1) for line in console.manage("demo", "--answer").splitlines())
    assert "found" in console.manage("shell", "-v", "0", "-c", FIND.format(name=NAME, **told))
    return told


@pytest.fixture
def lea(browser: Browser, console: Console) -> Iterator[Page]:
    """The second person, in a browser of her own."""
    context = browser.new_context(base_url=console.url)
    context.set_default_timeout(20_000)
    page = context.new_page()
    sign_in(page, "lea")
    yield page
    context.close()


@pytest.mark.parametrize("kind", [ByMouse, ByKeys])
def test_a_case_is_told_from_a_finding_to_its_report_by_two_people(
    kind: Callable[[Page], Analyst], page: Page, lea: Page, answer: dict[str, str], tmp_path: Path
) -> None:
    sign_in(page, "alice")
    alice = kind(page)
    page.on("load", lambda loaded: alice.loads.append(loaded.url))
    page.goto("/home/")
    case = _open_a_case_for_the_finding(alice)
    lea.goto(case)
    _pin_what_the_token_did(alice, answer)
    _judge_the_address(alice, lea, answer)
    _add_a_milestone(alice, lea, answer)
    _write_notes_at_once(alice, lea, case, answer)
    alice.press("Report", within=".tabs")
    page.wait_for_url("**/report/")
    with page.expect_download() as waiting:
        alice.press("PDF")
    waiting.value.save_as(tmp_path / "report.pdf")
    text = squeeze(read_pdf((tmp_path / "report.pdf").read_bytes()))
    for words in (
        NAME,
        answer["intruder"],
        "Nobody of ours is there",
        "What the intruder reached",
    ):
        assert squeeze(words) in text, words
    print(f"{kind.__name__}: {len(alice.loads)} loads, {alice.actions} actions")
    assert len(alice.loads) <= MOST_LOADS, alice.loads
    assert alice.actions <= MOST_ACTIONS


def _open_a_case_for_the_finding(alice: Analyst) -> str:
    alice.press(NAME, within="[aria-labelledby=to-triage]")
    alice.page.wait_for_url("**/findings/**")
    alice.write("Reason", "The token came from an address that nobody knows", within="form:has([value=pin])")
    alice.press("Pin to case")
    alice.page.wait_for_url("**/cases/**")
    expect(alice.page.locator(".casehead")).to_contain_text(NAME)
    return alice.page.url


def _pin_what_the_token_did(alice: Analyst, answer: dict[str, str]) -> None:
    page = alice.page
    alice.press(answer["token_id"], within="#timeline")
    page.wait_for_url("**/tokens/**")
    alice.press("Exposure")
    page.wait_for_url("**/compromise/**")
    alice.press(answer["intruder"], within=".exposure-choice__who")
    page.wait_for_url("**actor=address**")
    alice.press("Pin these")
    alice.choose("Relevance", "Key", within="#pin-form")
    alice.write("Reason", "What the intruder reached", within="#pin-form")
    alice.press("Pin to case", within="#pin-form")
    expect(page.locator("#pin-form [role=status]")).to_contain_text("Pinned")
    alice.press("Open the case", within="#pin-form")
    page.wait_for_url("**/cases/**")


def _judge_the_address(alice: Analyst, lea: Page, answer: dict[str, str]) -> None:
    page = alice.page
    number = page.locator(".tabs__count").first.inner_text()
    expect(lea.locator(".tabs__count").first).to_have_text(number)  # she sees the pins
    alice.press(f"Judge {answer['intruder']}", within=".entities")
    alice.choose("It is", "Malicious", within=".entities")
    alice.write("Because", "Nobody of ours is there", within=".entities")
    alice.press("Save", within=".entities")
    for seen in (page, lea):
        expect(seen.locator(".entities li", has_text=answer["intruder"]).first).to_contain_text("malicious")


def _add_a_milestone(alice: Analyst, lea: Page, answer: dict[str, str]) -> None:
    alice.press("Add event")
    alice.page.wait_for_url("**/manual-events/**")
    alice.write("What happened", "The intruder came in")
    alice.write("When", answer["first_used_from_elsewhere"])
    alice.choose("Phase", "Initial access")
    alice.press("Enter it")
    for seen in (alice.page, lea):
        expect(seen.locator("#timeline")).to_contain_text("The intruder came in")


def _write_notes_at_once(alice: Analyst, lea: Page, case: str, answer: dict[str, str]) -> None:
    """Each while the other writes: neither loses a word, and both see both."""
    page = alice.page
    alice.press("Notes", within=".tabs")
    page.wait_for_url("**/notes/")
    lea.goto(f"{case}notes/")
    lea.get_by_label("Note").fill("The runner is clean")
    words = (
        f"They found it in a build log. Who: {answer['intruder']}. What: E1 and what follows. "
        f"Until when: {answer['accepted_until']}, though it was revoked {answer['revoked_at']}."
    )
    alice.write("Note", words, within="#case-main form")
    lea.get_by_role("button", name="Write the note").click()
    expect(page.locator("#notes")).to_contain_text("The runner is clean")
    expect(page.get_by_label("Note")).to_have_value(words)
    alice.press("Write the note")
    for seen in (page, lea):
        expect(seen.locator("#notes")).to_contain_text("Until when:")
        expect(seen.locator("#notes a[href*='evidence/1/']")).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("")
