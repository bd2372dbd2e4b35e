"""The verifier for the browser, in a real one, opened from the disk: it has the verdicts and the words of verify_bundle.py."""

import base64
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import verify_bundle
from tests.browser.conftest import faults_light_and_dark
from tests.support import bundle_vectors, vector_set
from tests.support.browser_verifier import PAGE, allow_own_parts
from tests.support.bundle_vector_cases import Given

VECTORS = json.loads((vector_set.FOLDER / "vectors.json").read_text())
MUTANTS = 600
JUDGE_ALL = """async (bundles) => {
  const verdicts = [];
  for (const [content, given] of bundles) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    verdicts.push(await judge(new Blob([bytes]), given));
  }
  return verdicts;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page from the disk. The test fails when it logs an error, breaks its policy or asks anybody for anything."""
    context = browser.new_context(accept_downloads=True, locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url == PAGE.as_uri() else wrong.append(request.url))
    page.goto(PAGE.as_uri())
    expect(page.locator("#form")).to_be_visible()
    yield page
    context.close()
    assert not wrong


def judge_all(page: Page, bundles: list[tuple[bytes, Given]]) -> list[dict[str, Any]]:
    """What the page's own script makes of many bundles."""
    told = []
    for content, given in bundles:
        options = {
            "keys": given.keys,
            "witnesses": given.witnesses,
            "needed": given.needed,
            "consoleKeys": given.console_keys,
            "signedFrom": given.signed_from,
        }
        told.append([base64.b64encode(content).decode(), options])
    verdicts: list[dict[str, Any]] = page.evaluate(JUDGE_ALL, told)
    return verdicts


def check_by_hand(page: Page, bundle: Path, given: Given) -> tuple[str | None, list[str]]:
    """As a person does it: the status and the lines that stand on the page then."""
    page.get_by_label("Keys of the log").fill("\n".join(given.keys))
    page.get_by_label("Keys of witnesses").fill("\n".join(given.witnesses))
    page.get_by_label("Witnesses that must have cosigned").fill(given.needed or "")
    page.get_by_label("Bundle").set_input_files(bundle)
    page.get_by_role("button", name="Check").click()
    expect(page.locator('#answer:not([hidden]):not([data-status=""])')).to_be_visible()
    return page.locator("#answer").get_attribute("data-status"), page.locator("#lines li").all_inner_texts()


def test_it_passes_every_published_vector(page: Page) -> None:
    cases = VECTORS["vectors"]
    given = [
        Given(
            *(tuple(case[name]) for name in ("keys", "witnesses")),
            case["needed"],
            tuple(case["console_keys"]),
            case["signed_from"],
        )
        for case in cases
    ]
    contents = [(vector_set.FOLDER / case["bundle"]).read_bytes() for case in cases]
    for case, verdict in zip(cases, judge_all(page, list(zip(contents, given, strict=True))), strict=True):
        told = [{"line": finding["line"], "reason": finding["reason"]} for finding in verdict["findings"]]
        assert (verdict["status"], told, verdict["lines"]) == (case["status"], case["findings"], case["says"]), case[
            "name"
        ]


@pytest.mark.parametrize(
    "name", ["sound-rotated", "tampered-fork", "bom-before-all", "key-none", "empty-lines-behind-very-many"]
)
def test_a_person_sees_the_verdict(page: Page, name: str) -> None:
    case = next(case for case in VECTORS["vectors"] if case["name"] == name)
    given = Given(tuple(case["keys"]), tuple(case["witnesses"]), case["needed"])
    assert check_by_hand(page, vector_set.FOLDER / case["bundle"], given) == (str(case["status"]), case["says"])
    heading = ("All of it is proved", "Not all of it is proved", "Nothing could be checked")[case["status"]]
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_focused()


def mutate(content: bytes, chance: random.Random) -> bytes:
    """A bundle with one byte, one token or one line changed; in some the end is made to fit."""
    at, kind = chance.randrange(len(content)), chance.randrange(7)
    lines = content.splitlines(keepends=True)
    other, line = chance.randrange(len(lines)), chance.randrange(len(lines))
    match kind:
        case 0:
            return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
        case 1:
            return content[:at] + content[at + chance.randrange(1, 40) :]
        case 2:
            odd = chance.choice(
                [b"[", b"{", b"\\u0000", b"\\", b'"', b"-0", b"1e9", b",", b"\xef\xbb\xbf", b"\n", b" ", b"null"]
            )
            content = content[:at] + odd + content[at:]
        case 3:
            lines[line] = lines[other]
            content = b"".join(lines)
        case 4:
            lines.insert(other, lines.pop(line))
            content = b"".join(lines)
        case 5:
            numbers = list(re.finditer(rb"[0-9]+", content))
            number = chance.choice(numbers)
            digits = chance.choice([b"0", b"-1", b"9007199254740993", b"1.0", str(int(number[0][:18]) + 1).encode()])
            content = content[: number.start()] + digits + content[number.end() :]
        case _:
            del lines[line]
            content = b"".join(lines)
    return bundle_vectors.refit(content) if chance.random() < 0.6 else content


def test_mutants_of_sound_bundles_are_judged_alike(page: Page) -> None:
    """Seeded: one byte, token or line is changed, the end made to fit or not, and both say the same words of it."""
    chance = random.Random(54)
    sound = [vector for vector in vector_set.list_vectors() if vector.status == 0]
    mutants = []
    while len(mutants) < MUTANTS:
        vector = chance.choice(sound)
        mutants.append((mutate(vector.content, chance), vector.given))
    proved = 0
    for (content, given), verdict in zip(mutants, judge_all(page, mutants), strict=True):
        status, lines, findings = vector_set.judge(content, given)
        assert (verdict["status"], verdict["lines"]) == (status, lines), content
        assert [finding["reason"] for finding in verdict["findings"]] == [finding.reason for finding in findings]
        proved += status == 0
    assert proved < MUTANTS / 10  # a change that means nothing, such as a space


def test_it_streams_what_is_large_and_counts_what_is_too_long(page: Page, tmp_path: Path) -> None:
    content = bundle_vectors.sound_bundles()["alone"]
    first, checkpoint, event, _ = content.splitlines(keepends=True)
    long = bundle_vectors.refit(first + checkpoint + b" " * (16 * 1024 * 1024 + 1) + event + b'{"end":{}}\n')
    path = tmp_path / "long.jsonl"
    given = Given(keys=(str(bundle_vectors.LOG.verifier),), witnesses=())
    for made in (long, content + b"\n" * 300_000):
        path.write_bytes(made)
        status, lines, _ = vector_set.judge(made, given)
        assert check_by_hand(page, path, given) == (str(status), lines)


def test_a_check_can_be_stopped(page: Page, tmp_path: Path) -> None:
    """The page lets itself be used between two lines; here it never goes on after the first such pause."""
    first, checkpoint, event, end = bundle_vectors.sound_bundles()["alone"].splitlines(keepends=True)
    path = tmp_path / "long.jsonl"
    path.write_bytes(first + checkpoint + event * 40_000 + end)
    page.evaluate("() => { globalThis.setTimeout = () => {}; }")
    page.get_by_label("Keys of the log").fill(str(bundle_vectors.LOG.verifier))
    page.get_by_label("Bundle").set_input_files(path)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#lines")).to_have_text("The check was stopped.")
    expect(page.get_by_role("heading", name="Nothing could be checked")).to_be_visible()


def test_the_same_letters_are_spaces_and_capitals_to_both(page: Page) -> None:
    """Of every character there is."""
    folds, spaces = page.evaluate(
        """() => {
          const folds = {}, spaces = [];
          for (let code = 0; code <= 0x10ffff; code++) {
            if (code >= 0xd800 && code < 0xe000) continue;
            const letter = String.fromCodePoint(code), folded = fold(letter);
            if (/^[a-z]+$/.test(folded)) folds[code] = folded;
            if (folded === "") spaces.push(code);
          }
          return [folds, spaces];
        }"""
    )
    every = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    ours = {code: verify_bundle.fold(chr(code)) for code in every}
    names = ("console", "auditconsole")
    parts = {name[first:last] for name in names for last in range(len(name) + 1) for first in range(last)}
    assert [code for code in every if ours[code] == ""] == spaces
    assert {code: text for code, text in ours.items() if text in parts} == {
        int(code): text for code, text in folds.items() if text in parts
    }


def test_its_words_are_those_of_the_program(page: Page) -> None:
    assert page.evaluate("() => REASONS") == verify_bundle.REASONS


def test_its_policy_allows_its_own_script_and_nothing_else(page: Page) -> None:
    text = PAGE.read_text()
    assert allow_own_parts(text) == text
    policy = re.search(r'Security-Policy"\s+content="([^"]*)"', text)
    assert policy
    assert {part.split()[0] for part in policy[1].split("; ")} == {
        "default-src", "script-src", "style-src", "connect-src", "base-uri", "form-action",
    }  # fmt: skip
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    assert (
        re.findall(
            r"https?:|//(?!#)[a-z]|\bfetch\(|XMLHttpRequest|WebSocket|import\(|\beval\(", text.replace("// ", "")
        )
        == []
    )


def test_it_can_be_read_in_light_and_dark_wide_and_narrow(page: Page) -> None:
    case = next(case for case in VECTORS["vectors"] if case["name"] == "tampered-fork")
    check_by_hand(page, vector_set.FOLDER / case["bundle"], Given())
    assert faults_light_and_dark(page) == []


def test_all_of_it_is_done_by_keyboard(page: Page) -> None:
    page.locator("#keys").focus()
    page.keyboard.type(str(bundle_vectors.LOG.verifier))
    page.get_by_label("Bundle").set_input_files(vector_set.FOLDER / "bundles" / "sound-alone.jsonl")
    for _ in range(20):
        if page.evaluate("() => document.activeElement.type") == "submit":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All of it is proved")).to_be_focused()


def test_a_bundle_is_dropped_and_keys_come_from_a_file(page: Page, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{bundle_vectors.LOG.verifier}\n")
    page.locator("#keys-file").set_input_files(keys)
    expect(page.get_by_label("Keys of the log")).to_have_value(str(bundle_vectors.LOG.verifier))
    page.evaluate(
        """content => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], "dropped.jsonl"));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        bundle_vectors.sound_bundles()["alone"].decode(),
    )
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="All of it is proved")).to_be_visible()


def test_a_browser_without_ed25519_proves_nothing_and_says_so(browser: Browser) -> None:
    for away in (
        "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'))",
        "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })",
        "SubtleCrypto.prototype.verify = () => Promise.resolve(true)",
    ):
        context = browser.new_context()
        context.add_init_script(away)
        page = context.new_page()
        page.goto(PAGE.as_uri())
        expect(page.get_by_role("alert")).to_contain_text("This browser cannot verify Ed25519 signatures")
        expect(page.locator("#form")).to_be_hidden()
        (verdict,) = judge_all(page, [(bundle_vectors.sound_bundles()["alone"], Given())])
        assert verdict["status"] == 2
        context.close()


def test_without_javascript_it_says_so(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(PAGE.as_uri())
    expect(page.get_by_text("Without it nothing is checked")).to_be_visible()
    expect(page.locator("#form")).to_be_hidden()
    context.close()
