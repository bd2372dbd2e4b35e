"""CEF: a line's header and extension, with everything that is escaped in them."""

import pytest

from operations.imports.formats.cef import parse_line
from tests.support.factories.logs import events, flat

# From the format's own document, 1.2.
LINE = (
    r"Sep 19 08:26:10 host CEF:0|Security|threatmanager|1.0|100|detected a \| in message|10|"
    r"src=10.0.0.1 act=blocked a | dst=1.1.1.1 rt=Sep 19 2026 08:26:10 msg=a\=b and c\\d suser=ann"
)


def test_a_line_is_taken_apart_where_it_is_not_escaped() -> None:
    header, values = parse_line(LINE)
    assert (header["vendor"], header["name"], header["severity"]) == ("Security", "detected a | in message", "10")
    assert values["act"] == "blocked a |"
    assert values["msg"] == r"a=b and c\d"


def test_it_says_who_from_where_and_how_it_ended() -> None:
    (event,) = map(flat, events("cef", {"message": LINE}))
    assert (event["@timestamp"], event["event.outcome"]) == ("2026-09-19T08:26:10Z", "failure")
    assert (event["source.ip"], event["user.id"], event["resource.id"]) == ("10.0.0.1", "ann", "1.1.1.1")
    assert (event["service.name"], event["labels"]) == ("Security threatmanager", {"severity": "10"})


@pytest.mark.parametrize("line", ["CEF:0|a|b", "nothing", "CEF: |"])
def test_what_is_no_line_of_cef_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="fewer than seven parts"):
        parse_line(line)


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ("Unsuccessful", "failure"), ("Not Allowed", "failure"), ("Disallow", "failure"), ("disallowed", "failure"),
        ("not successful", "failure"), ("unauthorized", "failure"), ("LoginFailed", "failure"), ("access_denied", "failure"),
        ("blocked a", "failure"), ("dropped", "failure"), ("unblocked", "success"), ("not blocked", "success"),
        ("/Success", "success"), ("Allowed", "success"), ("permit", "success"), ("bypassed", "unknown"), ("failover", "unknown"),
    ],
)  # fmt: skip
def test_how_it_ended_is_a_word_and_not_a_part_of_one(written: str, outcome: str) -> None:
    line = f"CEF:0|v|p|1|100|name|5|rt=1793491200000 outcome={written}"
    (event,) = map(flat, events("cef", {"message": line}))
    assert event["event.outcome"] == outcome


def test_two_lines_under_one_external_id_are_two_events() -> None:
    lines = [f"CEF:0|v|p|1|100|name|5|rt=1793491200000 externalId=7 act={act}" for act in ("allow", "deny")]
    one, other = (flat(events("cef", {"message": line})[0]) for line in lines)
    assert one["event.id"] != other["event.id"]
    assert all(event["event.id"].startswith("cef:v:7:") for event in (one, other))


@pytest.mark.parametrize(("extension", "is_assumed"), [("act=deny", True), ("rt=1793491200000", False)])
def test_a_year_that_nobody_wrote_is_said_to_be_assumed(extension: str, is_assumed: bool) -> None:
    (event,) = map(flat, events("cef", {"message": f"<13>Dec 20 08:26:10 host CEF:0|v|p|1|100|n|5|{extension}"}))
    assert ("assumed_year" in event["labels"]) == is_assumed
