"""`manage.py ask`: text for people, the API's JSON for programs, a status for scripts, on record like every question."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from investigations.api.openapi import document
from investigations.api.routes import ROUTES
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.factories.incidents import Kind, incident
from tests.support.pages import audit_log
from trail.connection import Trail

SECRET = "fm2_lJPECAAAAAAAAAAAxBAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def filled(trail: Trail, ada: User) -> Trail:
    write(
        trail,
        issue("t-1", "ann", at="2026-01-01T00:00:00Z"),
        use("t-1", user__id="ann", at="2026-01-02T00:00:00Z", user_agent__original="\x1b[2J\x9b31m\u202ecurl\nx"),
        revoke("t-1", at="2026-02-01T00:00:00Z"),
        event(event__dataset="console", user__id="bob"),
    )
    return trail


def ask(*words: str) -> tuple[int, str]:
    """Its exit status and what it said."""
    out = io.StringIO()
    try:
        call_command("ask", *words, "--by", "ada", stdout=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_a_question_is_answered_in_text_and_put_on_record(filled: Trail) -> None:
    status, said = ask("token", "t-1")
    assert status == 0
    assert "first: 2026-01-02T00:00:00Z token.authorize success by ann from 192.0.2.7 with t-1" in said
    assert "4 events since 2026-01-01T00:00:00.000Z" in said  # its own record, and what bob did, are among them
    assert ask("search", "--q", "user.id:bob")[0] == 0
    (asked,) = audit_log(filled, "question.ask")
    assert (asked["user"]["id"], asked["labels"]) == ("ada", {"ref": "t-1"})


def test_never_is_a_status_of_its_own_and_so_is_what_cannot_be_answered(filled: Trail, tmp_path: Path) -> None:
    status, said = ask("token", "nobodys")
    assert (status, "first: never" in said) == (1, True)
    assert ask("user", "nobody")[0] == 1
    for words, sentence in (
        (("search", "--q", "(("), "expected"),
        (("token", SECRET), "looks like a token"),
        (("indicators", str(tmp_path / "none")), "cannot be read"),
        (("compromise", "t-1", "--at", "yesterday"), "yesterday"),
    ):
        status, said = ask(*words)
        assert (status, sentence in said, "fm2_" in said) == (2, True, False), said


def test_only_an_admin_asks_and_an_outage_is_no_never(filled: Trail, alice: User, no_trail: None) -> None:
    assert ask("coverage")[0] == 2
    with pytest.raises(CommandError, match="alice is no admin here") as refused:
        call_command("ask", "coverage", "--by", "alice")
    assert refused.value.returncode == 2


def test_nothing_in_an_event_drives_the_terminal(filled: Trail) -> None:
    for words in (("user", "ann"), ("token", "t-1"), ("search", "--f", "token.id:t-1"), ("user", "ann", "--json")):
        said = ask(*words)[1]
        assert not {"\x1b", "\x9b", "\u202e", "\t"} & set(said), words
    assert "⟨U+001B⟩[2J⟨U+009B⟩31m⟨U+202E⟩curl⟨U+000A⟩x" in ask("user", "ann")[1]


def test_a_list_is_asked_for_from_a_file_and_stays_off_the_record(filled: Trail, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("t-1 # the one\n1.2.3[.]4\n")
    status, said = ask("indicators", str(file))
    assert status == 0
    assert "- t-1 (identifier): token.id 3 times, 0 failed" in said
    assert "- 1.2.3.4 (address): never" in said
    assert audit_log(filled, "indicators.ask")[0]["labels"]["count"] == "2"
    file.write_text("nobody")
    assert ask("indicators", str(file))[0] == 1


def test_every_question_of_the_api_can_be_asked_and_says_the_same_json(filled: Trail, tmp_path: Path) -> None:
    incident(Kind.GAP, "billing")
    (tmp_path / "list").write_text("ann")
    for route in ROUTES:
        about = ["t-1" if one.name == "ref" else "192.0.2.7" for one in route.parameters if one.place == "path"]
        words = [route.name.replace("_", "-"), *about, *([str(tmp_path / "list")] if route.sends_list else [])]
        status, said = ask(*words, "--json")
        assert status in (0, 1), words
        told: Any = json.loads(said)
        schemas = document()["components"]["schemas"]
        assert any(set(told) == set(one.get("properties", ())) for one in schemas.values()), words
