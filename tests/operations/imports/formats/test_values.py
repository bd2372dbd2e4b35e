"""Times, addresses and clients in every form that sources give them."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.imports.formats.values import build_source, build_user_agent, to_time
from trail.times import is_event_time


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z"),
        ("2026-11-24 09:30:00.123456789", "2026-11-24T09:30:00.123456789Z"),
        ("2026-11-24T11:30:00.5+02:00", "2026-11-24T09:30:00.5Z"),
        ("2026-11-24T11:30:00+0200", "2026-11-24T09:30:00Z"),
        ("Dec 3, 2021, 10:15:11 AM", "2021-12-03T10:15:11Z"),
        (1_763_976_600, "2025-11-24T09:30:00Z"),
        (1_763_976_600.25, "2025-11-24T09:30:00.25Z"),
        (1_763_976_600_125, "2025-11-24T09:30:00.125Z"),
        (1_763_976_600_000_250, "2025-11-24T09:30:00.00025Z"),
        (1_763_976_600_000_000_001, "2025-11-24T09:30:00.000000001Z"),
    ],
)
def test_a_time_is_read_to_the_last_digit(given: Any, read: str) -> None:
    assert to_time(given) == read
    assert is_event_time(read)


@pytest.mark.parametrize(
    "wrong", ["redacted", "", None, True, 1e308, float("inf"), float("nan"), "0001-01-01", [], "9:30"]
)
def test_what_is_no_time_is_said_to_be_none(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        to_time(wrong)


@given(st.integers(10**17, 9 * 10**18))
def test_nanoseconds_since_1970_come_back_whole(nanoseconds: int) -> None:
    read = to_time(nanoseconds)
    whole, _, digits = read.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    assert seconds * 10**9 + int(digits.ljust(9, "0")) == nanoseconds


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ("192.0.2.7", {"source.ip": "192.0.2.7"}),
        ("192.0.2.7:443", {"source.ip": "192.0.2.7", "source.port": 443}),
        ("2001:db8::7", {"source.ip": "2001:db8::7"}),
        ("[2001:db8::7]:443", {"source.ip": "2001:db8::7", "source.port": 443}),
        ("AWS Internal", {"source.address": "AWS Internal"}),
        ("ec2.amazonaws.com", {"source.address": "ec2.amazonaws.com"}),
        ("253.252.51.07", {"source.address": "253.252.51.07"}),
        ({"ip": "192.0.2.7"}, {"source.ip": "192.0.2.7"}),
        ({"host": "192.0.2.7"}, {}),
        (None, {}),
    ],
)
def test_an_address_or_what_stands_in_its_place(given: Any, fields: dict[str, Any]) -> None:
    assert build_source(given) == fields


@pytest.mark.parametrize(
    ("original", "name", "version"),
    [
        ("aws-cli/2.13.0 Python/3.11.4", "aws-cli", "2.13.0"),
        (
            "[Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.1 Safari/537.36]",
            "Chrome",
            "120.0.1",
        ),
        ("Mozilla/5.0 (Mac) AppleWebKit/605.1 (KHTML, like Gecko) Version/16.1 Safari/605.1", "Safari", "16.1"),
        (
            "Mozilla/5.0 (Win) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/102.0 Safari/537.36 Edg/102.1",
            "Edge",
            "102.1",
        ),
        (
            "Mozilla/5.0 (Linux; Android 11; A6013) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Mobile Safari/537.36",
            "Chrome Mobile",
            "104.0.0.0",
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", "2.1"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "145.0"),
        ("python-requests/2.28.0", "python-requests", "2.28.0"),
        ("kubectl/v1.28 (linux/amd64) kubernetes/1", "kubectl", "v1.28"),
        ("Mozilla/5.0 (X11) nobody/1 knows", None, None),
        ("Mozilla/5.0 " + "(" * 100_000, None, None),
        ("AWS Internal", None, None),
    ],
)
def test_a_client_by_the_product_that_tells_it_apart(original: str, name: str | None, version: str | None) -> None:
    assert build_user_agent(original) == {
        "user_agent.original": original,
        "user_agent.name": name,
        "user_agent.version": version,
    }
