"""Every address that takes a time accepts a text that is one, and refuses one that is none: all of them alike, none with 5xx."""

from collections.abc import Callable

import pytest
from django.http import HttpResponseBase
from django.test import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from investigations.api import views as api
from operations.ingest.limits import RateLimit
from tests.support.factories.events import issue, revoke, use, write
from trail.connection import Trail

Ask = Callable[[Client, str], HttpResponseBase]
# Addresses with a range of time, or one end of it.
RANGES: dict[str, Ask] = {
    "search from": lambda client, time: client.get("/", {"from": time}),
    "search to": lambda client, time: client.get("/", {"to": time}),
    "search until": lambda client, time: client.get("/", {"until": time}),
    "search in place": lambda client, time: client.get("/", {"from": time}, headers={"HX-Request": "true"}),
    "comparison": lambda client, time: client.get("/compare/", {"a.from": time, "b.q": "user.id:ann"}),
    "field": lambda client, time: client.get("/search/field/", {"from": time, "field": "user.id"}),
    "lifetime": lambda client, time: client.get("/search/lifetime/", {"from": time, "token": "t-1"}),
    "link": lambda client, time: client.post("/links/", {"from": time, "times": "fixed"}),
    "detection": lambda client, time: client.get("/detections/new/", {"from": time}),
    "identifier from": lambda client, time: client.get("/services/console/", {"from": time}),
    "identifier new": lambda client, time: client.get("/services/console/", {"new": time}),
    "user": lambda client, time: client.get("/users/ann/", {"to": time}),
    "values": lambda client, time: client.get("/users/ann/values/source.ip/", {"from": time}),
    "API search": lambda client, time: client.get("/api/v1/search", {"from": time}),
    "API search until": lambda client, time: client.get("/api/v1/search", {"until": time}),
    "API user": lambda client, time: client.get("/api/v1/users/ann", {"from": time}),
    "API new": lambda client, time: client.get("/api/v1/users/ann", {"new": time}),
}
# Addresses where something else than a time may stand too, or that answer for what the console itself has given.
OTHERS: dict[str, Ask] = {
    "compromise": lambda client, time: client.get("/tokens/t-1/compromise/", {"at": time}),
    "API compromise": lambda client, time: client.get("/api/v1/tokens/t-1/compromise", {"at": time}),
    "filter": lambda client, time: client.get("/", {"f": f"@timestamp(between):{time}|"}),
    "query": lambda client, time: client.get("/", {"q": f'@timestamp:>="{time}"'}),
    "rows": lambda client, time: client.get("/search/rows/", {"until": time}, headers={"HX-Request": "true"}),
    "newer": lambda client, time: client.get("/search/newer/", {"until": time}),
    "completion": lambda client, time: client.get("/search/complete/", {"q": "user.id:", "at": "8", "from": time}),
    "saved query": lambda client, time: client.get("/search/begin/", {"from": time}),
    "detection made": lambda client, time: client.post("/detections/new/", {"from": time}),
}
DATES = st.sampled_from(
    ["2026-11-24", "2024-02-29", "2023-02-29", "20261124", "2026-W48-2", "2026-328", "2026-1-2", "1970-01-01",
     "1969-12-31", "2261-12-31", "2262-01-01", "0001-01-01", "9999-12-31", "2026-11-31", "+2026-11-24", "2026"]
)  # fmt: skip
CLOCKS = st.sampled_from(
    ["", "T", "T09", "T09:30", "T0930", "T09:30:00", "t09:30:00", " 09:30:00", "T09:30:00.5", "T09:30:00,5", "T24:00:00",
     "T09:30:00.123456789", "T09:30:00.1234567891", "T23:59:60", "T09:30:60", "T25:00", "T9:30", "T09:30:00."]
)  # fmt: skip
ZONES = st.sampled_from(
    ["", "Z", "z", "+00:00", "-00:00", "+01:00", "+0100", "+01", "-23:59", "+24:00", "[Europe/Paris]", " Z"]
)
RELATIVE = st.sampled_from(["now", "now-7d", "now-99999y", "now-", "now-7", "now+1d", "NOW", "now/d", "-7d", "now-1M"])
ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
TIMES = st.one_of(st.builds("{}{}{}".format, DATES, CLOCKS, ZONES), RELATIVE, ODD.map(str.strip).filter(bool))


@pytest.fixture
def signed_in(client: Client, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(api, "rate", RateLimit())
    write(trail, issue("t-1", "ann"), use("t-1", user__id="ann"), revoke("t-1", user__id="ann"))
    client.force_login(alice)
    return client


def test_a_text_is_a_time_at_every_address_or_at_none(signed_in: Client) -> None:
    @given(time=TIMES)
    @example(time="2026-11-24T09:30Z")
    @example(time="2026-11-24T09Z")
    @settings(max_examples=30)
    def ask(time: str) -> None:
        status = {name: address(signed_in, time).status_code for name, address in RANGES.items()}
        assert set(status.values()) <= {200, 302, 400}, status
        assert len({code == 400 for code in status.values()}) == 1, status
        status = {name: address(signed_in, time).status_code for name, address in OTHERS.items()}
        assert set(status.values()) <= {200, 302, 400, 409}, status

    ask()


@pytest.mark.parametrize("name", ["from", "to", "until"])
def test_what_is_no_time_is_refused_with_the_name_of_its_place(signed_in: Client, name: str) -> None:
    response = signed_in.get("/", {name: "2026-13-01"})
    assert response.status_code == 400
    assert "2026-13-01" in response.content.decode()
