"""One token's dossier, with answers that were known before it was asked."""

from datetime import UTC, datetime

import pytest

from tests.support.factories.events import event, issue, revoke, use, write
from trail.connection import Trail
from trail.questions import parse_token_ref
from trail.questions.token import TokenDossier, ask_token
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _asked(trail: Trail) -> int:
    """Requests that went over the wire, by the connection's own count."""
    return int(trail.client.transport.get_connection().pool.num_requests)


def _of(trail: Trail, ref: str) -> TokenDossier:
    return ask_token(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW)


def restore(token: str, **fields: str) -> dict[str, object]:
    return event(token__id=token, token__operation="token.restore", event__action="token.restore", **fields)


def test_first_use_is_the_earliest_whatever_its_outcome_and_says_from_where(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", id="issued", at="2026-01-01T00:00:00Z"),
        issue("t", "ada", at="2025-01-01T00:00:00Z", event__outcome="failure"),
        use("t", at="2026-03-01T00:00:00.000000002Z", source__ip="198.51.100.9"),
        use("t", at="2026-03-01T00:00:00.000000001Z", source__ip="203.0.113.5", event__outcome="failure", id="first"),
        use("t", at="2026-09-01T00:00:00Z", id="last"),
        revoke("t", at="2026-10-01T00:00:00Z", id="end", user__id="sec"),
        use("other", at="2025-01-01T00:00:00Z"),
    )
    answer = _of(trail, "t")
    assert answer.issued
    assert answer.first
    assert answer.succeeded
    assert answer.last
    assert answer.last_accepted
    assert (answer.first.event_id, answer.first.document["source"]["ip"]) == ("first", "203.0.113.5")
    assert answer.succeeded.timestamp == "2026-03-01T00:00:00.000000002Z"
    assert (answer.events, answer.uses, answer.accepted, answer.refused, answer.issues) == (6, 3, 2, 1, 1)
    assert (answer.issued.event_id, answer.last.event_id, answer.last_accepted.event_id) == ("issued", "last", "last")
    assert answer.gap == 59 * 86_400 * 10**9 + 1
    assert {value.value for value in answer.where["source.ip"].values} == {"203.0.113.5", "198.51.100.9", "192.0.2.7"}
    assert (answer.status.state, answer.status.since) == ("revoked", "2026-10-01T00:00:00Z")
    assert [value.value for value in answer.about["user.id"].values] == ["ada"]
    assert (answer.coverage.whole, answer.coverage.events) == (True, 7)


def test_a_token_that_was_never_used_has_no_first_use(trail: Trail) -> None:
    write(trail, issue("t", "ada"))
    answer = _of(trail, "t")
    assert (answer.first, answer.uses, answer.gap, answer.after_end, answer.status.state) == (
        None,
        0,
        None,
        None,
        "alive",
    )
    assert answer.issued is not None
    assert (_of(trail, "nothing").events, _of(trail, "nothing").issued) == (0, None)


def test_a_use_before_the_issue_by_the_clocks_makes_a_negative_gap(trail: Trail) -> None:
    write(trail, issue("t", "ada", at="2026-01-01T00:00:02Z"), use("t", at="2026-01-01T00:00:00Z"))
    assert _of(trail, "t").gap == -2 * 10**9


def test_values_that_are_not_shown_are_counted(trail: Trail) -> None:
    months = [f"2026-{month:02d}-01T00:00:00Z" for month in range(1, 4)]
    write(trail, *(use("t", source__ip=f"192.0.2.{n}", at=at) for at in months for n in range(55)))
    found = _of(trail, "t").where["source.ip"]
    assert [value.count for value in found.values] == [3] * 50
    assert (found.others, found.error) == (15, 0)


def test_logs_that_know_only_the_fingerprint_belong_to_the_token_as_well(trail: Trail) -> None:
    alone = {name: value for name, value in use("t").items() if name != "token"} | {
        "token": {"operation": "token.authorize", "fingerprint": A},
        "@timestamp": "2026-01-02T00:00:00Z",
    }
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, token__caveats__json='["org"]', at="2026-01-01T00:00:00Z"),
        alone,
        use("t", at="2026-01-03T00:00:00Z"),
        use("t", token__fingerprint=B, at="2026-01-04T00:00:00Z"),
    )
    whole, one = _of(trail, "t"), _of(trail, A)
    assert whole.first
    assert one.first
    assert (whole.first.timestamp, whole.uses, one.uses) == ("2026-01-02T00:00:00Z", 3, 1)
    assert one.token_ids == ("t",)
    assert {value.value: value.count for value in whole.about["token.fingerprint"].values} == {A: 2, B: 1}
    assert (whole.caveats, one.caveats, _of(trail, B).caveats) == (('"org"',), ('"org"',), None)


def test_denials_come_with_their_reasons_and_what_came_after_the_end_is_told_apart(trail: Trail) -> None:
    refused = {"event__outcome": "failure", "event__reason": "revoked"}
    write(
        trail,
        use(
            "t",
            at="2026-01-01T00:00:00Z",
            event__outcome="failure",
            event__reason="caveat",
            token__caveats__failed="org",
        ),
        revoke("t", at="2026-01-02T00:00:00Z"),
        use("t", at="2026-01-02T00:00:00Z"),  # in the very instant: neither before nor after
        use("t", at="2026-01-02T00:00:00.000000001Z", id="late"),
        use("t", at="2026-01-03T00:00:00Z", id="no", **refused),
        use("t", at="2026-01-04T00:00:00Z", **refused),
    )
    answer = _of(trail, "t")
    assert answer.after_end
    assert answer.after_end.first_refused
    assert answer.after_end.first_accepted
    assert (answer.after_end.refused, answer.after_end.first_refused.event_id) == (2, "no")
    assert (answer.after_end.accepted, answer.after_end.first_accepted.event_id) == (1, "late")
    assert {value.value: value.count for value in answer.denials["event.reason"].values} == {"revoked": 2, "caveat": 1}
    assert [value.value for value in answer.denials["token.caveats.failed"].values] == ["org"]


@pytest.mark.parametrize(
    ("endings", "status"),
    [
        ([("revoke", "2026-02-01")], ("revoked", "2026-02-01T00:00:00Z")),
        ([("revoke", "2026-02-01"), ("restore", "2026-02-02")], ("alive", None)),
        ([("revoke", "2026-02-01"), ("restore", "2026-02-01")], ("revoked", "2026-02-01T00:00:00Z")),
        ([("revoke", "2026-02-01"), ("restore", "2026-02-02"), ("revoke", "2026-02-03"), ("revoke", "2026-02-04")],
         ("revoked", "2026-02-03T00:00:00Z")),
    ],
)  # fmt: skip
def test_what_came_last_says_whether_it_is_revoked(
    trail: Trail, endings: list[tuple[str, str]], status: tuple[str, str | None]
) -> None:
    make = {"revoke": revoke, "restore": restore}
    write(trail, use("t"), *(make[kind]("t", at=f"{day}T00:00:00Z") for kind, day in endings))
    found = _of(trail, "t")
    assert (found.status.state, found.status.since) == status
    assert len(found.endings) == len(endings)


def test_it_ends_by_time_and_by_its_key_user_or_organisation(trail: Trail) -> None:
    whose = {"token__key_id": "k", "organization__id": "org"}

    def wide(scope: str, **fields: str) -> dict[str, object]:
        return event(
            event__action="token.revoke",
            token__operation="token.revoke",
            token__revocation__scope=scope,
            at="2026-05-01T00:00:00Z",
            **fields,
        )

    write(
        trail,
        *(issue(name, user, at="2026-01-01T00:00:00Z", **whose) for name, user in (("t", "ada"), ("b", "bob"))),
        issue("later", "ada", at="2026-06-01T00:00:00Z"),
        issue("old", "eve", at="2026-01-01T00:00:00Z", token__expires_at="2026-02-01T00:00:00Z"),
        use("old", at="2026-03-01T00:00:00Z"),
        wide("user", user__id="ada"),
        wide("user", user__id="nobody"),
        wide("user", user__id="eve"),
    )
    assert [(one.through, one.name) for one in _of(trail, "t").endings] == [("user", "ada")]
    assert _of(trail, "t").status.state == "revoked"
    # Issued after it, or somebody else's: untouched.
    assert [_of(trail, name).status.state for name in ("later", "b")] == ["alive", "alive"]
    expired = _of(trail, "old")
    assert (expired.status.state, expired.status.since) == ("expired", "2026-02-01T00:00:00.000Z")
    assert expired.after_end
    assert expired.after_end.accepted == 1
    by_another = {"user__id": "bob", "resource__type": "user", "resource__id": "ada"}
    write(trail, wide("user", id="w0", **by_another))
    assert [one.event.event_id for one in _of(trail, "t").endings][-1:] == ["w0"]
    assert _of(trail, "b").status.state == "alive"  # who shut her out is not shut out himself
    other = {"organization__id": "org", "resource__type": "organization", "resource__id": "another"}
    write(trail, wide("organisation", id="w3", **other))
    assert _of(trail, "b").status.state == "alive"
    write(trail, wide("organisation", organization__id="org", id="w1"), wide("key", token__key_id="k", id="w2"))
    assert {one.through for one in _of(trail, "b").endings} == {"key", "organisation"}


def test_what_it_was_derived_from_takes_it_along_when_it_is_revoked(trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        issue("n", "svc", token__fingerprint=D, token__parent_fingerprint=A, at="2026-01-02T00:00:00Z"),
        revoke("t", at="2026-01-03T00:00:00Z", user__id="sec"),
    )
    found = _of(trail, "n")
    assert (found.status.state, found.parents) == ("revoked", (A,))
    assert [(one.through, one.name) for one in found.endings] == [("ancestor", "t")]


def test_it_takes_two_round_trips_and_one_more_for_a_token_that_has_ended(trail: Trail) -> None:
    write(trail, issue("t", "ada"), use("t"), issue("r", "ada"), use("r"), revoke("r"))
    for ref, trips in (("t", 2), ("r", 3)):
        before = _asked(trail)
        _of(trail, ref)
        assert _asked(trail) - before == trips


def test_the_searches_of_the_answer_find_what_it_counts(trail: Trail) -> None:
    write(trail, issue("t", "ada", token__fingerprint=A), use("t", token__fingerprint=B), use("t"), revoke("t"))
    answer = _of(trail, "t")
    assert execute.count(trail, answer.search, WHOLE_TRAIL) == answer.events == 4
    assert execute.count(trail, answer.uses_search, WHOLE_TRAIL) == answer.uses == 2


@pytest.mark.parametrize(
    ("text", "field"), [("a" * 64, "token.fingerprint"), ("A" * 64, "token.id"), ("tok_1", "token.id")]
)
def test_a_fingerprint_is_told_from_an_id(text: str, field: str) -> None:
    assert parse_token_ref(text).field == field
