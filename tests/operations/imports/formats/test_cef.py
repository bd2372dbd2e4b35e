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
