"""One sentence for an event, which somebody understands who has never seen the console."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigations.presentation.event_sentence import MOST, describe_event
from tests.support.factories.events import event, issue, revoke, use
from trail.documents import get
from trail.schema import Operation


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            use(
                "tok_7",
                user__id="usr_1",
                user__name="Ann",
                source__ip="203.0.113.77",
                source__geo={"country_iso_code": "AQ"},
                user_agent__name="python-requests",
                service__name="secrets",
                resource__type="secret",
                resource__id="DATABASE_URL",
            ),
            "Ann (user usr_1) presented token tok_7 to reach secret DATABASE_URL, from 203.0.113.77 (AQ), "
            "as client python-requests, at service secrets; it was accepted.",
        ),
        (
            issue("tok_7", "usr_1", token__kind="service", source__ip=None, service__name=None),
            "User usr_1 was issued token tok_7, a service token; it was accepted.",
        ),
        (
            revoke(
                "tok_7",
                user__id="usr_2",
                token__revocation={"scope": "token", "reason": "leaked"},
                resource__id="tok_7",
            ),
            "User usr_2 revoked token tok_7, giving as the reason “leaked”",
        ),
    ],
)
def test_it_says_who_did_what_to_which_from_where_and_how_it_ended(document: dict[str, object], sentence: str) -> None:
    assert describe_event(document).startswith(sentence)


def test_why_it_was_denied_is_said() -> None:
    denied = use("t", event__outcome="failure", event__reason="revoked")
    assert describe_event(denied).endswith("; it was denied: revoked.")
    assert describe_event(use("t", event__outcome="unknown")).endswith("; how it ended is not recorded.")


def test_what_is_no_operation_of_a_token_is_called_what_its_source_calls_it() -> None:
    foreign = event(event__action="AssumeRole", user__id="AIDA1", resource__id="arn:aws:iam::1:role/x")
    assert "User AIDA1 did AssumeRole on" in describe_event(foreign)
    assert "arn:aws:iam::1:role/x" in describe_event(foreign)


def test_of_an_event_that_says_nothing_nothing_is_made_up() -> None:
    assert describe_event({}) == "Somebody unnamed did something unnamed; how it ended is not recorded."


@given(
    st.sampled_from([*Operation, "", "other"]),
    st.dictionaries(st.sampled_from(["user", "token", "source", "service"]), st.text()),
    st.text(),
)
def test_it_is_never_empty_and_never_long(operation: str, fields: dict[str, str], text: str) -> None:
    document = {name: {"id": value, "ip": value, "name": value} for name, value in fields.items()}
    document.setdefault("token", {})["operation"] = operation
    sentence = describe_event(document | {"event": {"reason": text * 50}})
    assert sentence.endswith(".")
    assert len(sentence) < 12 * (MOST + 20)
    assert get(document, "token.operation") == operation
