"""The three questions, each with an answer that was known before it was asked."""

import pytest

from tests.factories.events import event, issue, revoke, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.lineage import Edge
from trail.questions import before_revocation, first_use, token_ref, tokens_issued
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def test_first_use_is_the_earliest_whatever_its_outcome_and_says_from_where(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", at="2026-01-01T00:00:00Z"),
        use("t", at="2026-03-01T00:00:00.000000002Z", source__ip="198.51.100.9"),
        use("t", at="2026-03-01T00:00:00.000000001Z", source__ip="203.0.113.5", event__outcome="failure", id="first"),
        use("t", at="2026-09-01T00:00:00Z", id="last"),
        revoke("t", at="2026-10-01T00:00:00Z", id="end"),
        use("other", at="2025-01-01T00:00:00Z"),
    )
    answer = first_use(trail, token_ref("t"), WHOLE_TRAIL)
    assert answer.first is not None
    assert answer.succeeded is not None
    assert (answer.first.event_id, answer.first.document["source"]["ip"]) == ("first", "203.0.113.5")
    assert answer.succeeded.timestamp == "2026-03-01T00:00:00.000000002Z"
    assert answer.uses == 3
    assert [hit and hit.event_id for hit in (answer.last, answer.revoked)] == ["last", "end"]
    assert {value.value for value in answer.where["source.ip"].values} == {"203.0.113.5", "198.51.100.9", "192.0.2.7"}


def test_a_token_that_was_never_used_has_no_first_use(trail: Trail) -> None:
    write(trail, issue("t", "ada"))
    answer = first_use(trail, token_ref("t"), WHOLE_TRAIL)
    assert (answer.first, answer.uses) == (None, 0)
    assert answer.issued is not None


def test_every_token_ever_issued_to_a_user_with_its_fate(trail: Trail) -> None:
    write(
        trail,
        *(issue(f"t{n:02d}", "ada", at=f"20{10 + n % 16}-01-01T00:00:00.{n:09d}Z") for n in range(60)),
        issue("foreign", "bob"),
        issue("refused", "ada", event__outcome="failure"),
        use("t03", at="2026-05-01T00:00:00Z"),
        revoke("t03", at="2026-06-01T00:00:00Z"),
    )
    first = tokens_issued(trail, "ada", WHOLE_TRAIL)
    second = tokens_issued(trail, "ada", WHOLE_TRAIL, after=first.after)
    assert first.total == 60
    assert second.after is None
    tokens = {one.token_id: one for one in [*first.tokens, *second.tokens]}
    assert len(tokens) == 60
    assert (tokens["t03"].uses, tokens["t03"].revoked_at) == (1, "2026-06-01T00:00:00Z")
    assert (tokens["t04"].uses, tokens["t04"].revoked_at) == (0, None)


def _family(trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=A, token__caveats__json="[]", at="2026-01-01T00:00:00Z"),
        use("t", token__fingerprint=A, token__caveats__json="[]", at="2026-02-01T00:00:00Z"),
        use("t", token__fingerprint=B, token__caveats__json='["org"]', at="2026-02-02T00:00:00Z"),
        use(
            "t",
            token__fingerprint=C,
            token__caveats__json='["org","read"]',
            token__parent_fingerprint=B,
            at="2026-02-03T00:00:00Z",
        ),
        issue("n", "svc", token__fingerprint=D, token__parent_fingerprint=C, at="2026-02-04T00:00:00Z"),
        use("n", token__fingerprint=D, at="2026-02-05T00:00:00Z"),
        revoke("t", id="end", at="2026-03-01T00:00:00Z", user__id="sec"),
        use("n", token__fingerprint=D, at="2026-03-02T00:00:00Z", event__outcome="failure"),
        use("elsewhere", at="2026-02-01T00:00:00Z"),
    )


def test_what_a_token_did_before_its_revocation_includes_its_descendants(trail: Trail) -> None:
    _family(trail)
    answer = before_revocation(trail, token_ref("t"), WHOLE_TRAIL)
    assert answer.revocation is not None
    assert answer.revocation.event_id == "end"
    assert answer.total == 6
    assert answer.after_revocation == 1
    assert set(answer.family.edges) == {Edge(A, B, "inferred"), Edge(B, C, "recorded"), Edge(C, D, "recorded")}
    assert execute.count(trail, answer.search, WHOLE_TRAIL) == 6


def test_asked_by_fingerprint_only_what_descends_from_it_counts(trail: Trail) -> None:
    _family(trail)
    answer = before_revocation(trail, token_ref(B), WHOLE_TRAIL)
    assert answer.family.fingerprints.keys() == {B, C, D}
    assert answer.family.token_ids == {"n"}
    assert answer.revocation is None


def test_of_several_revocations_the_last_counts_or_the_one_that_is_named(trail: Trail) -> None:
    write(
        trail,
        use("t", at="2026-01-01T00:00:00Z"),
        revoke("t", id="r1", at="2026-02-01T00:00:00Z"),
        event(token__id="t", token__operation="token.restore", at="2026-02-02T00:00:00Z"),
        use("t", at="2026-02-03T00:00:00Z"),
        revoke("t", id="r2", at="2026-03-01T00:00:00Z"),
        revoke("t", at="2026-04-01T00:00:00Z", event__outcome="failure"),
    )
    assert before_revocation(trail, token_ref("t"), WHOLE_TRAIL).total == 3
    assert before_revocation(trail, token_ref("t"), WHOLE_TRAIL, revocation_id="r1").total == 1


def test_a_revocation_that_the_token_has_not_is_refused(trail: Trail) -> None:
    write(trail, use("t"), revoke("t", id="r1"), revoke("other", id="r2"))
    with pytest.raises(BadQuery, match="no revocation r2"):
        before_revocation(trail, token_ref("t"), WHOLE_TRAIL, revocation_id="r2")


def test_values_that_are_not_shown_are_counted(trail: Trail) -> None:
    months = [f"2026-{month:02d}-01T00:00:00Z" for month in range(1, 4)]
    write(trail, *(use("t", source__ip=f"192.0.2.{n}", at=at) for at in months for n in range(25)))
    found = first_use(trail, token_ref("t"), WHOLE_TRAIL).where["source.ip"]
    assert [value.count for value in found.values] == [3] * 20
    assert (found.others, found.error) == (15, 0)


def test_the_demonstrations_incident_has_the_answer_it_says(trail: Trail) -> None:
    from datetime import UTC, datetime

    from operations.demonstration.generate import Demonstration, stream
    from trail.writer import write_many

    demonstration = Demonstration(4_000, 3, datetime(2026, 11, 24, tzinfo=UTC))
    assert {outcome.status for outcome in write_many(trail, stream(demonstration))} == {"created"}
    trail.client.indices.refresh(index=trail.events)
    told = demonstration.answer()
    first = first_use(trail, token_ref(told.token_id), WHOLE_TRAIL).first
    before = before_revocation(trail, token_ref(told.token_id), WHOLE_TRAIL)
    assert first is not None
    assert before.revocation is not None
    assert (first.timestamp, first.document["source"]["ip"]) == (told.first_used, told.first_used_from)
    assert (before.total, before.after_revocation) == (told.events_before_revocation, told.refused_after_revocation)
    assert before.revocation.timestamp == told.revoked_at
    assert set(told.descendants) <= before.family.fingerprints.keys()


@pytest.mark.parametrize(
    ("text", "field"), [("a" * 64, "token.fingerprint"), ("A" * 64, "token.id"), ("tok_1", "token.id")]
)
def test_a_fingerprint_is_told_from_an_id(text: str, field: str) -> None:
    assert token_ref(text).field == field
