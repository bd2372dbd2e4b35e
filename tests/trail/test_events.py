"""What is an event, what is refused, and what its digest depends on."""

import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.factories.events import event
from trail import redaction
from trail.canonical_form import canonicalise, compute_digest
from trail.documents import flatten, nest
from trail.errors import InvalidEvent
from trail.events import make_id, parse_event, read_id_month
from trail.redaction import remove_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


def test_a_whole_event_is_accepted() -> None:
    document = event(
        source__ip="2001:db8::1", token__cache_hit=True, labels={"team": "red"}, token__caveats__types=["org"]
    )
    assert parse_event(document).document == document


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source__ip", "999.1.1.1"),
        ("source__ip", "fe80::1%eth0"),
        ("at", "2026-02-30T00:00:00Z"),
        ("at", "2026-11-24 09:30:00"),
        ("at", "2026-11-24T09:30:00+01:00"),
        ("event__outcome", "maybe"),
        ("event__sequence", -1),
        ("event__sequence", 2**53),
        ("event__sequence", True),
        ("token__operation", "token.steal"),
        ("token__cache_hit", "yes"),
        ("labels", {"a b": "c"}),
        ("user__id", "x" * 9_000),
        ("user__id", ["two", "people"]),
        ("user__id", "\ud800"),
        ("source__geo__location", "91,0"),
        ("event__ingested", "2026-11-24T09:30:00Z"),
        ("nobody__knows", "this"),
        ("message", JWT),
        ("message", "Bearer abcdefghijklmnopqrstuvwxyz"),
        ("token__discharges", [{"tail": "x"}]),
        ("id", ""),
        ("id", "é" * 257),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(field: str, value: object) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(event(**{field: value}))
    named = {"at": "@timestamp", "id": "event.id"}.get(field, field.replace("__", "."))
    assert caught.value.field == named


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_only_an_object_is_an_event(document: object) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(document)


def test_a_list_of_addresses_without_any_is_refused_and_another_may_be_empty() -> None:
    document = event()
    document["source"] = {"ip": []}
    with pytest.raises(InvalidEvent, match="an empty list says nothing") as refused:
        parse_event(document)
    assert refused.value.field == "source.ip"
    document["source"] = {"ip": ["192.0.2.7"]}
    document["user"] = {"id": "ada", "roles": []}
    assert parse_event(document).document == document


def test_raw_needs_the_exact_text_beside_it() -> None:
    with pytest.raises(InvalidEvent, match=r"event\.original"):
        parse_event(event(raw={"a": 1.5}))


def test_a_source_record_that_no_engine_can_keep_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="raw: cannot be stored"):
        parse_event(event(raw={"n": 2**70}, event__original="{}"))


def test_the_digest_is_of_what_the_writer_said_and_not_of_what_the_trail_added() -> None:
    document = event(id="fixed", at="2026-11-01T00:00:00Z", user__id="ada")
    stored = copy.deepcopy(document)
    stored["event"]["ingested"] = "2026-11-24T00:00:00Z"
    assert compute_digest(stored) == compute_digest(document)
    changed = copy.deepcopy(document)
    changed["user"]["id"] = "eve"
    assert compute_digest(changed) != compute_digest(document)


def test_the_canonical_form_is_rfc_8785_and_ignores_the_order_of_keys() -> None:
    one = {"@timestamp": "t", "event": {"id": "é", "action": "a"}}
    other = {"event": {"action": "a", "id": "é"}, "@timestamp": "t"}
    assert canonicalise(one) == canonicalise(other) == '{"@timestamp":"t","event":{"action":"a","id":"é"}}'.encode()


letters = st.characters() | st.sampled_from('\x00\x08\x1f\x7f\x85\u2028\ud800\udfff\ue000\uffff\U00010000"\\/<é')
texts = st.text(letters, max_size=8) | st.text(st.sampled_from("ab_"), max_size=3)
scalars = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.sampled_from([2**53 - 1, 2**53]) | texts
anything = st.recursive(
    scalars | st.floats(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=6)
)


def _or_error(write: Callable[[object], bytes], value: object) -> bytes | type[Exception]:
    try:
        return write(value)
    except ValueError as error:  # CanonicalizationError and UnicodeEncodeError are such
        return type(error)


@settings(max_examples=300)
@given(
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=6))
    | anything
)
def test_the_canonical_form_of_anything_is_the_reference_implementations(value: object) -> None:
    document = {"labels": value}
    assert _or_error(canonicalise, document) == _or_error(rfc8785.dumps, document)


@given(st.from_regex(redaction.SECRET, fullmatch=True))
def test_whatever_has_the_form_of_a_secret_is_noticed(secret: str) -> None:
    is_base64_alone = any(part in secret for part in ("eyJ", "MDA"))  # of which the form is looked into, below
    looks_like_one = bool(redaction.SECRET.search(f'"{secret}"'))
    assert is_base64_alone or redaction.holds_secret(f'"{secret}"') == looks_like_one


MACAROON = base64.urlsafe_b64encode(
    b"0024location https://api.example\n0012identifier kid\n002fsignature " + b"\x00" * 32
)


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        (MACAROON.decode().rstrip("="), True),
        (base64.urlsafe_b64encode(b"00\x02any bytes that begin with two zeros, such as a counter" * 2).decode(), False),
        (
            base64.urlsafe_b64encode(b"00\x03\xf0 is no length of a packet of a macaroon, nor is this" * 2).decode(),
            False,
        ),
        (JWT, True),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWl0", True),
        ("eyJxxxxxxxxxxxxxxxx.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWl0", False),
    ],
)
def test_base64_is_a_secret_by_what_it_says_and_not_by_how_it_begins(text: str, is_secret: bool) -> None:
    assert redaction.SECRET.search(text)
    assert redaction.holds_secret(f'{{"a": "{text}"}}') == is_secret
    assert remove_secrets(text)[1] == is_secret


def test_nested_beyond_measure_is_a_secret_and_no_fault() -> None:
    header = base64.urlsafe_b64encode(b'{"a":' * 20_000).decode().rstrip("=")
    text = f"agent {header}.eyJhIjoxfQ.{'a' * 43} end"
    assert remove_secrets(text)[0].startswith("agent [removed secret sha256:")
    assert remove_secrets(text)[0].endswith("] end")


def test_a_secret_within_what_only_begins_like_one_is_found() -> None:
    github = "ghp_" + "a" * 36
    text = f"MDA{'x' * 60}-{github} and more"
    assert redaction.find_secret(text) == text.index(github)
    assert github not in remove_secrets(text)[0]
    assert remove_secrets(text)[0].startswith("MDAx")


def test_a_text_of_beginnings_alone_is_looked_through_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    decide = redaction._is_secret
    monkeypatch.setattr(redaction, "_is_secret", lambda text: looked.append(text) or decide(text))
    remove_secrets("-MDA" * 20_000)
    assert len(looked) < 40


def test_what_was_taken_out_is_said_by_its_place_and_kind_and_never_by_itself() -> None:
    record = {"headers": [{"Authorization": f"Bearer {JWT}"}], "note": "none", f"x {JWT}": {"b": MACAROON.decode()}}
    described = redaction.describe_secrets(record)
    assert described[0] == "a name: JSON Web Token"
    assert described[1].endswith(".b: macaroon")
    assert described[2] == "headers.Authorization: bearer header"
    assert JWT not in "".join(described)


def test_a_name_with_dots_is_no_field_for_it_would_evade_the_checks_of_the_nested_one() -> None:
    with pytest.raises(InvalidEvent, match="not a field"):
        parse_event({**event(), "token.operation": "token.steal"})


names = st.sampled_from(["user.id", "user.name", "token.id", "source.address", "event.action"])


@given(st.dictionaries(names, st.text(min_size=1, max_size=20), min_size=1))
def test_flattening_undoes_nesting(flat: dict[str, str]) -> None:
    assert dict(flatten(nest(flat))) == flat


@given(st.text(max_size=200))
def test_taking_secrets_out_leaves_none_and_changes_nothing_else(text: str) -> None:
    cleaned, count = remove_secrets(f"{text} {JWT} {text}")
    assert count >= 1
    assert not redaction.holds_secret(cleaned)
    assert JWT not in cleaned


def test_an_id_is_plain_enough_to_be_kept_anywhere() -> None:
    with pytest.raises(InvalidEvent, match="without NUL"):
        parse_event(event(id="a\0b"))


def test_an_id_that_is_made_here_carries_the_time_of_its_event_and_no_two_are_the_same() -> None:
    at = datetime(2019, 2, 28, 23, 59, 59, 999_000, UTC)
    made = {make_id("tokens", at) for _ in range(100)}
    assert len(made) == 100
    assert {read_id_month(event_id) for event_id in made} == {"2019-02"}
    assert UUID(make_id("tokens", at).removeprefix("tokens-")).version == 7


@pytest.mark.parametrize(
    ("event_id", "month"),
    [
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "2022-02"),  # RFC 9562, A.6
        ("cloudtrail:017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "2022-02"),
        ("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", None),  # another id, for ids are not folded
        ("017f22e2-79b0-4cc3-98c4-dc0c0c07398f", None),
        ("017f22e2-79b0-7cc3-18c4-dc0c0c07398f", None),
        ("x017f22e2-79b0-7cc3-98c4-dc0c0c07398f", None),
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f:issue", None),
        ("ffffffff-ffff-7cc3-98c4-dc0c0c07398f", None),  # in the year 10889
        ("event-7", None),
    ],
)
def test_only_an_id_that_carries_its_time_tells_its_month(event_id: str, month: str | None) -> None:
    assert read_id_month(event_id) == month


@pytest.mark.parametrize(
    "value", ["MDAyNGxvY2F0aW9u" + "x" * 70 + "==", "x" * 16 + "+xx+MDAyNGxvY2F0aW9u" + "x" * 50 + "=="]
)
def test_a_signature_of_the_console_may_read_like_a_secret_and_its_neighbours_may_not(value: str) -> None:
    signed = {**event(), "signature": {"key_id": "0a1b2c3d", "value": value}}
    assert parse_event(signed).document["signature"]["value"] == value
    with pytest.raises(InvalidEvent) as refused:
        parse_event({**signed, "message": value})
    assert refused.value.field == "message"
    with pytest.raises(InvalidEvent) as refused:
        parse_event({**signed, "signature": {"key_id": "0a1b2c3d", "value": f"{value}MDAyNGxvY2F0aW9u{'x' * 70}"}})
    assert refused.value.field == "signature.value"
