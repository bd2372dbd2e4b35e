"""Names in texts: of any script, in any letters, within other words; and never one person's for another's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.redaction.redactor import MASKED, Redactor

KEY = bytes(32)


def build(*people: tuple[str, str], how: str = "mask") -> Redactor:
    redactor = Redactor({"user.id": how, "user.full_name": how}, KEY)
    for user, name in people:
        redactor.learn_person({"user.id": user, "user.full_name": name})
    return redactor


@pytest.mark.parametrize(
    ("name", "text", "redacted"),
    [
        ("अनिता शर्मा", "शर्मा ने लॉगिन किया", f"{MASKED} ने लॉगिन किया"),
        ("अनिता शर्मा", "शर्मा अनिता", MASKED),
        ("José García", unicodedata.normalize("NFD", "García left"), f"{MASKED} left"),
        ("José García", "Garcías laptop, jgarcia", f"{MASKED}s laptop, j{MASKED}"),
        (unicodedata.normalize("NFD", "José García"), "JOSÉ GARCÍA", MASKED),
        ("王小明", "用户王小明登录了", f"用户{MASKED}登录了"),
        ("王小明", "小明登录了", f"{MASKED}登录了"),
        ("王 小明", "用户王小明登录了", f"用户{MASKED}登录了"),
        ("山田太郎", "山田さんが", f"{MASKED}さんが"),
        ("김철수", "김철수가 왔다", f"{MASKED}가 왔다"),
        ("김철수", unicodedata.normalize("NFD", "김철수가"), f"{MASKED}{unicodedata.normalize('NFD', '가')}"),
        ("김철수", "철수가 왔다", f"{MASKED}가 왔다"),
        ("ใจดี สุขใจ", "คุณใจดีมาแล้ว", f"คุณ{MASKED}มาแล้ว"),
        ("ใจด สุขใจ", "ใจดี", MASKED),
        ("Eva Bergmann", "Bergmanns Konto, Bergmann1", f"{MASKED}s Konto, {MASKED}1"),
        ("Eva Bergmann", "bergmannlaptop", f"{MASKED}laptop"),
        ("Jet Li", "Li left, li stays", f"{MASKED} left, li stays"),
        ("Wu Yifan", "it was Wu", f"it was {MASKED}"),
        ("Eva Müller", "Mueller came", f"{MASKED} came"),
        ("Eva Mueller", "Müller came", f"{MASKED} came"),
        ("Łukasz Yıldız", "LUKASZ YILDIZ", MASKED),
        ("Grace Hopper", "Gra\u00adce\u200bHopper", MASKED),
        ("Olga Ivanova", "the vans over", "the vans over"),
    ],
)
def test_a_name_is_taken_out_of_a_text_however_its_script_writes_it(name: str, text: str, redacted: str) -> None:
    assert build(("u-17", name)).redact_text(text) == redacted


@pytest.mark.parametrize(("value", "text"), [("東京", "在東京登录"), ("지수", "지수가"), ("राम", "राम ने")])
def test_a_short_value_is_taken_out_where_words_have_no_blanks(value: str, text: str) -> None:
    redactor = Redactor({"organization.name": "mask"}, KEY)
    redactor.learn("organization.name", [value])
    assert value not in redactor.redact_text(text)


def test_a_mark_goes_with_the_letter_that_is_taken_out() -> None:
    redactor = Redactor({"user.id": "mask"}, KEY)
    redactor.learn("user.id", ["jose"])
    assert redactor.redact_text(unicodedata.normalize("NFD", "josé left")) == f"{MASKED} left"


def test_a_mailbox_of_many_is_nobody_within_another_word() -> None:
    redactor = Redactor({"user.email": "mask"}, KEY)
    redactor.learn_person({"user.id": "u-1", "user.email": "info@corp.example"})
    assert redactor.redact_text("information from info@corp.example") == f"information from {MASKED}"


ANNAS = (("u-1001", "Anna Berg"), ("u-1002", "Anna Klein"))


def test_what_two_people_are_called_names_neither() -> None:
    redactor = Redactor({"user.id": "pseudonym"}, KEY)
    for user, name in ANNAS:
        redactor.learn_person({"user.id": user, "user.full_name": name})
    berg, klein = (redactor.redact_value("user.id", user) for user, _ in ANNAS)
    text = "Anna Klein (u-1002) came; later Anna revoked it, not Berg"
    assert redactor.redact_text(text) == f"{klein} ({klein}) came; later {MASKED} revoked it, not {berg}"


@pytest.mark.parametrize(
    ("people", "text"),
    [
        ((("u-1", "Eva Berg"), ("u-2", "Ann Berg")), "Berg"),
        ((("u-1", "Eva Berg"), ("u-2", "Eva Berg")), "Eva Berg"),
        ((("u-1", "Eva Berg"), ("eva", "Eva Klein")), "Eva"),
        ((("u-1", "Eva"), ("u-2", "Eva Klein")), "Eva"),
        ((("Eva", "Ann Berg"), ("eva", "Ann Klein")), "EVA"),
        ((("u-1", "Eva Berg"), ("u-2", "Berg Eva")), "Berg, Eva"),
    ],
)
def test_two_people_are_told_apart_in_no_order_in_which_they_are_learnt(
    people: tuple[tuple[str, str], ...], text: str
) -> None:
    for order in (people, people[::-1]):
        redactor = Redactor({"user.id": "pseudonym"}, KEY)
        for user, name in order:
            redactor.learn_person({"user.id": user, "user.full_name": name})
        assert redactor.redact_text(f"it was {text} again") == f"it was {MASKED} again"


def test_a_mail_of_two_is_neither_ones() -> None:
    redactor = Redactor({"user.id": "pseudonym"}, KEY)
    for user in ("u-1", "u-2"):
        redactor.learn_person({"user.id": user, "user.email": "night.shift@corp.example"})
    assert redactor.redact_text("to night.shift@corp.example") == f"to {MASKED}"


def test_a_name_without_an_id_is_whose_name_it_is() -> None:
    for rules in ({"user.id": "pseudonym"}, {"user.full_name": "pseudonym"}):
        redactor = Redactor(rules, KEY)
        redactor.learn_person({"user.full_name": "Anna Berg"})
        redactor.learn_person({"user.id": "u-1001"})
        redactor.learn_person({"user.id": "u-1001", "user.full_name": "Anna Berg"})
        assert len({redactor.redact_text(text) for text in ("Anna Berg", "anna", "Berg, Anna", "u-1001")}) == 1
        assert redactor.redact_text("Berg").startswith("user-")


@given(st.lists(st.from_regex(r"[a-z]{4,8}", fullmatch=True), min_size=3, max_size=3, unique=True), st.booleans())
def test_a_word_that_two_people_share_never_becomes_one_of_them(words: list[str], is_turned: bool) -> None:
    first, second, shared = words
    if any(one != other and one in other for one in words for other in words):
        return
    redactor = Redactor({"user.id": "pseudonym"}, KEY)
    people = [("u-71", f"{first} {shared}"), ("u-72", f"{second} {shared}")]
    for user, name in people[::-1] if is_turned else people:
        redactor.learn_person({"user.id": user, "user.full_name": name})
    assert redactor.redact_text(shared) == MASKED
    assert redactor.redact_text(f"{second} {shared}") == redactor.redact_value("user.id", "u-72")


def test_words_of_the_schema_are_nobodys_name() -> None:
    redactor = build(("success", "Token Issue"))
    event = {
        "event": {"outcome": "success", "action": "token.issue", "reason": "success"},
        "token": {"operation": "token.issue"},
    }
    redacted = redactor.redact_document(event)
    assert redacted["event"] == {"outcome": "success", "action": "token.issue", "reason": MASKED}
    assert redacted["token"] == {"operation": "token.issue"}
