"""Records of any source by a field map, and by common names where there is none."""

import json
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.imports.formats.generic import BadFieldMap, build_convert, convert, parse_field_map

MAP = """
dataset = "badge.reader"
time = ["when", "seen.at"]
id = "no"
[fields]
"event.action" = "what"
"event.outcome" = "how"
"user.id" = ["who.id", "who"]
"source.ip" = "from"
"token.expires_at" = "until"
[outcomes]
success = ["open"]
failure = ["closed", "jammed"]
"""
RECORD = {
    "no": 7,
    "seen": {"at": 1714925131},
    "what": "door",
    "how": "Jammed",
    "who": "ann",
    "from": "192.0.2.7:1, 10.0.0.1",
    "until": "never",
}


def test_a_field_map_says_which_value_is_which_field() -> None:
    (fields,) = build_convert(parse_field_map(tomllib.loads(MAP)))(RECORD)
    assert {name: value for name, value in fields.items() if value} == {
        "@timestamp": "2024-05-05T16:05:31Z", "event.id": "7", "event.action": "door", "event.outcome": "failure", "user.id": "ann",
        "source.ip": ["192.0.2.7", "10.0.0.1"],
    }  # fmt: skip


def test_without_a_map_common_names_are_tried() -> None:
    (fields,) = convert(
        {"timestamp": "2026-11-01", "action": "login", "result": "OK", "user": {"id": "u"}, "ip": "192.0.2.7"}
    )
    assert (fields["event.action"], fields["event.outcome"], fields["user.id"]) == ("login", "success", "u")
    with pytest.raises(ValueError, match="not a time"):
        convert({"action": "login"})


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "is an object"),
        ({}, "says under fields"),
        ({"fields": {"user.id": "a"}, "more": 1}, "has no 'more'"),
        ({"fields": {"user.ego": "a"}}, "'user.ego' is no field"),
        ({"fields": {"event.ingested": "a"}}, "'event.ingested' is no field"),
        ({"fields": {"user.id": 7}}, "is no path"),
        ({"fields": {"user.id": "a"}, "day_first": "yes"}, "day_first is true or false"),
        ({"fields": {"user.id": "a"}, "outcomes": {"maybe": "x"}}, "mean success"),
    ],
)
def test_a_map_that_cannot_be_used_is_one_sentence(value: Any, problem: str) -> None:
    with pytest.raises(BadFieldMap, match=problem):
        parse_field_map(value)


@pytest.mark.django_db
def test_a_table_comes_in_by_a_map(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "badges.csv").write_text("no;when;what;how;who;from\n1;2026-11-01 09:30;door;open;ann;192.0.2.7\n")
    out = StringIO()
    options = {
        "format": "generic",
        "fields": tmp_path / "map.toml",
        "dry_run": True,
        "rejects": tmp_path / "r",
        "stdout": out,
    }
    call_command("import_events", str(tmp_path / "badges.csv"), **options)
    assert "1 checked and not written" in out.getvalue()
    (tmp_path / "bad.json").write_text(json.dumps({"fields": {"user.ego": "x"}}))
    with pytest.raises(CommandError, match=r"'user\.ego' is no field"):
        call_command("import_events", str(tmp_path), **options | {"fields": tmp_path / "bad.json"})
    with pytest.raises(CommandError, match="for the format generic"):
        call_command("import_events", str(tmp_path), **options | {"format": "okta"})


def test_a_map_says_where_the_day_stands_first() -> None:
    chosen = {"time": "when", "fields": {"user.id": "who", "token.expires_at": "until"}}
    record = {"when": "12/04/2024 10:00", "who": "ann", "until": "13/04/2024 10:00"}
    (by_day,) = build_convert(parse_field_map({**chosen, "day_first": True}))(record)
    assert (by_day["@timestamp"], by_day["token.expires_at"]) == ("2024-04-12T10:00:00Z", "2024-04-13T10:00:00Z")
    (by_month,) = build_convert(parse_field_map(chosen))(record)
    assert (by_month["@timestamp"], by_month["token.expires_at"]) == ("2024-12-04T10:00:00Z", "13/04/2024 10:00")
