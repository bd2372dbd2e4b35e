"""Addresses are found by how they begin."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.search.language.operands import list_networks, list_ranges

addresses = st.ip_addresses() | st.integers(0, 2**20).map(lambda n: IPv6Address((0x20010DB8 << 96) + n))


@given(addresses, st.integers(1, 40))
def test_an_address_is_in_a_range_of_every_beginning_of_its_text(
    address: IPv4Address | IPv6Address, length: int
) -> None:
    typed = str(address)[:length]
    ends = [(ip_address(one["gte"]), ip_address(one["lte"])) for one in list_ranges(typed)]
    assert any(low.version == address.version and low <= address <= high for low, high in ends)  # type: ignore[operator]


@given(st.text(alphabet="0123456789abcdef.:/x ", max_size=20))
def test_any_text_has_ranges_of_addresses_or_none(typed: str) -> None:
    for one in list_ranges(typed):
        assert int(ip_address(one["gte"])) <= int(ip_address(one["lte"]))


@pytest.mark.parametrize(
    ("typed", "found"),
    [("10.", ["10.0.0.0/8"]), ("10.1.2.", ["10.1.2.0/24"]), ("10.0.0.9/8", ["10.0.0.0/8"]), ("10.1", []), ("10.0.0.1.", []),
     ("2001:db8::/32", ["2001:db8::/32"]), ("x/8", []), ("999.", []), ("", [])],
)  # fmt: skip
def test_a_network_is_offered_when_its_parts_are_whole(typed: str, found: list[str]) -> None:
    assert list_networks(typed) == found
