"""What an address says of a lifeline, and the addresses of its other forms."""

from datetime import UTC, datetime

import pytest

from investigations.presentation.lifeline.choice import LANES_OF, MANY, read_choice

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "events", "is_compressed"),
    [
        ({}, MANY, True),
        ({}, MANY + 1, False),
        ({"scale": "compressed"}, MANY + 1, True),
        ({"scale": "even"}, 1, False),
        ({"scale": "nonsense"}, MANY + 1, False),
    ],
)
def test_the_scale_is_even_where_events_are_many_unless_somebody_chose(
    query: dict[str, str], events: int, is_compressed: bool
) -> None:
    assert read_choice(query, LANES_OF["user"], NOW).fit(events).is_compressed is is_compressed


@pytest.mark.parametrize("events", [1, MANY + 1])
@pytest.mark.parametrize("scale", ["", "even"])
def test_the_address_of_each_scale_leads_to_it(events: int, scale: str) -> None:
    choice = read_choice({"lanes": "clients"}, LANES_OF["user"], NOW).fit(events)
    address = choice.write_url(scale=scale)
    query = dict(part.split("=") for part in address.removeprefix("?").split("&"))
    again = read_choice(query, LANES_OF["user"], NOW).fit(events)
    assert (again.is_compressed, again.lanes.word) == (scale != "even", "clients")


def test_what_is_usual_is_not_in_the_address() -> None:
    for events in (1, MANY + 1):
        choice = read_choice({}, LANES_OF["user"], NOW).fit(events)
        assert choice.words() == {}
        assert choice.write_url() == "?"


ONE_ITSELF = {
    "token": {"tokens"},
    "user": {"users"},
    "address": {"addresses"},
    "service": {"services"},
    "user_agent": {"clients"},
}


@pytest.mark.parametrize("page", sorted(LANES_OF.keys() - {"lineage"}))
def test_lanes_are_by_address_client_service_user_token_and_attenuation_but_for_what_the_page_is_of(page: str) -> None:
    words = [option.word for option in LANES_OF[page]]
    every = {"addresses", "clients", "services", "users", "tokens", "attenuations"}
    assert set(words) >= every - ONE_ITSELF.get(page, set())
    assert not set(words) & ONE_ITSELF.get(page, set())
    assert len(words) == len(set(words))
