"""What tokens a user was issued, with an answer that was known before it was asked."""

from tests.support.factories.events import issue, revoke, use, write
from trail.connection import Trail
from trail.questions import ask_tokens_issued
from trail.search.spec import WHOLE_TRAIL


def test_every_token_ever_issued_to_a_user_with_its_fate(trail: Trail) -> None:
    write(
        trail,
        *(issue(f"t{n:02d}", "ada", at=f"20{10 + n % 16}-01-01T00:00:00.{n:09d}Z") for n in range(60)),
        issue("foreign", "bob"),
        issue("refused", "ada", event__outcome="failure"),
        use("t03", at="2026-05-01T00:00:00Z"),
        revoke("t03", at="2026-06-01T00:00:00Z"),
    )
    first = ask_tokens_issued(trail, "ada", WHOLE_TRAIL)
    second = ask_tokens_issued(trail, "ada", WHOLE_TRAIL, after=first.after)
    assert first.total == 60
    assert second.after is None
    tokens = {one.token_id: one for one in [*first.tokens, *second.tokens]}
    assert len(tokens) == 60
    assert (tokens["t03"].uses, tokens["t03"].revoked_at) == (1, "2026-06-01T00:00:00Z")
    assert (tokens["t04"].uses, tokens["t04"].revoked_at) == (0, None)
