"""The lives of a user's tokens stand on one axis, in percent of it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from investigations.presentation.user_page import TokenTable, build_tokens
from trail.questions.issued_tokens import IssuedToken
from trail.questions.token_status import ALIVE, TokenStatus
from trail.search.execute import Hit

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def _token(issued: str, **fields: Any) -> IssuedToken:
    hit = Hit(event_id=issued, index="", timestamp=issued, document={}, sort=())
    return IssuedToken(
        **{
            "issued": hit,
            "token_id": f"t-{issued}",
            "fingerprint": None,
            "kind": "user",
            "status": ALIVE,
            "uses": 0,
            "accepted": 0,
            "first_used": None,
            "last_used": None,
            "addresses": (),
            "address_count": 0,
            "others": (),
            "expires_at": None,
            **fields,
        }
    )


def _lives(table: TokenTable) -> list[str]:
    return re.findall(r"<svg .*?</svg>", table.rows.replace('<svg class="icon', "<i"), flags=re.S)


def _bars(text: str) -> dict[str, tuple[float, float]]:
    found = re.findall(r'class="life__(\w+)" x="([\d.]+)%" y="9" width="([\d.]+)%"', text)
    return {look: (float(x), float(width)) for look, x, width in found}


def test_an_older_token_begins_left_of_a_newer_one_and_use_lies_within_what_could_be_used() -> None:
    old = _token("2026-11-01T00:00:00Z", first_used="2026-11-02T00:00:00Z", last_used="2026-11-05T00:00:00Z", uses=2)
    new = _token("2026-11-20T00:00:00Z")
    table = build_tokens([new, old], NOW)
    newer, older = map(_bars, _lives(table))
    assert older["could"][0] < newer["could"][0]
    assert older["could"][0] < older["used"][0]
    assert sum(older["used"]) < sum(older["could"])
    assert "used" not in newer


def test_a_token_ends_where_it_was_revoked_or_expired_whichever_came_first() -> None:
    revoked = _token(
        "2026-11-01T00:00:00Z",
        status=TokenStatus("revoked", "2026-11-10T00:00:00Z"),
        expires_at="2026-11-20T00:00:00Z",
    )
    expired = _token(
        "2026-11-01T00:00:00Z", status=TokenStatus("expired", "2026-11-10T00:00:00Z"), expires_at="2026-11-10T00:00:00Z"
    )
    first, second = _lives(build_tokens([revoked, expired], NOW))
    assert _bars(first) == _bars(second)
    assert "life__end" in first
    assert "life__end" not in second


def test_one_far_expiry_does_not_press_the_lives_together() -> None:
    endless = _token("2026-11-01T00:00:00Z", expires_at="2260-01-01T00:00:00Z")
    table = build_tokens([endless, _token("2026-11-15T00:00:00Z")], NOW)
    assert _bars(_lives(table)[1])["could"][0] > 30
    assert table.end.startswith("4 Dec")


def test_every_part_of_a_life_has_its_look_in_the_style_sheet() -> None:
    life = _token(
        "2026-11-01T00:00:00Z",
        status=TokenStatus("revoked", "2026-11-10T00:00:00Z"),
        first_used="2026-11-02T00:00:00Z",
        last_used="2026-11-05T00:00:00Z",
    )
    parts = set(re.findall(r'class="(life__\w+)" x', build_tokens([life], NOW).rows))
    style = Path(settings.BASE_DIR / "static/css/identifiers.css").read_text()
    assert parts == {"life__could", "life__used", "life__end", "life__now"}
    assert [part for part in sorted(parts) if f".{part} {{" not in style] == []


def test_no_token_at_all_makes_an_empty_table() -> None:
    assert (build_tokens([], NOW).number, build_tokens([], NOW).rows) == (0, "")
