"""What a text looks like by its shape alone."""

import pytest

from investigations.presentation.recognition import recognise

FINGERPRINT = "AB" * 32


@pytest.mark.parametrize(
    ("text", "words", "field", "value"),
    [
        ("203.0.113.77", "an address", "source.ip", "203.0.113.77"),
        ("203.0.113[.]77", "an address", "source.ip", "203.0.113.77"),
        ("2001:DB8:0:0::1", "an address", "source.ip", "2001:db8::1"),
        ("203.0.113.0/24", "a network", "source.ip", "203.0.113.0/24"),
        (FINGERPRINT, "a fingerprint or digest", "token.fingerprint", FINGERPRINT.lower()),
        ("tok_ci_1_7f3a", "a token", "token.id", "tok_ci_1_7f3a"),
        ("1f0c9e2a-7b1d-4a53-9d6f-0a2b3c4d5e6f", "a token", "token.id", "1f0c9e2a-7b1d-4a53-9d6f-0a2b3c4d5e6f"),
        ("usr_0000", "a user", "user.id", "usr_0000"),
        ("erin@example.org", "an e-mail address", "user.email", "erin@example.org"),
        ("evt_19", "an event", "event.id", "evt_19"),
        ("user.id:usr_0000", "a search", "", "user.id:usr_0000"),
        ("secrets AND event.outcome:failure", "a search", "", "secrets AND event.outcome:failure"),
        ("secrets", "", "", "secrets"),
        ("usr:x", "", "", "usr:x"),
        ("a: b: c", "", "", "a: b: c"),
        ("999.1.1.1", "", "", "999.1.1.1"),
        ("#", "", "", "#"),
    ],
)
def test_a_shape_names_a_kind_and_the_value_as_the_trail_writes_it(
    text: str, words: str, field: str, value: str
) -> None:
    recognised = recognise(text)
    assert (recognised.words, recognised.field, recognised.value) == (words, field, value)


def test_only_what_nothing_else_is_written_like_is_certain() -> None:
    assert [recognise(text).is_certain for text in ("203.0.113.77", FINGERPRINT, "user.id:x", "tok_1", "word")] == [
        True,
        True,
        True,
        False,
        False,
    ]
