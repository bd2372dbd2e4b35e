"""An address is found in whatever stands around it, and has one spelling."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.imports.formats.addresses import read_addresses
from trail.field_checks import is_ip


@pytest.mark.parametrize(
    ("given_value", "fields"),
    [
        ("2001:db8::a#1234", {"source.ip": "2001:db8::a", "source.port": 1234}),
        ("2001:db8::b port 1234", {"source.ip": "2001:db8::b", "source.port": 1234}),
        ("fe80::c%eth0", {"source.ip": "fe80::c"}),
        ("[fe80::c%25eth0]:443", {"source.ip": "fe80::c", "source.port": 443}),
        ("[2001:db8::7]", {"source.ip": "2001:db8::7"}),
        ("2001:DB8:0:0:0:0:0:7", {"source.ip": "2001:db8::7"}),
        ("::ffff:192.0.2.7", {"source.ip": "192.0.2.7"}),
        (" 192.0.2.7 ", {"source.ip": "192.0.2.7"}),
        ('"192.0.2.7"', {"source.ip": "192.0.2.7"}),
        ("203.0.113.6, 10.0.0.1", {"source.ip": ["203.0.113.6", "10.0.0.1"]}),
        ("unknown, 203.0.113.6", {"source.ip": "203.0.113.6"}),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", {"source.ip": "192.0.2.60", "source.address": "proto=http"}),
        (["198.51.100.7", "203.0.113.6", "198.51.100.7"], {"source.ip": ["198.51.100.7", "203.0.113.6"]}),
        ([{"ip": "203.0.113.200"}, {"ip": "198.51.100.77"}], {"source.ip": ["203.0.113.200", "198.51.100.77"]}),
        ({"address": "192.0.2.4"}, {"source.ip": "192.0.2.4"}),
        ("AWS Internal", {"source.address": "AWS Internal"}),
        ("Somewhere, far", {"source.address": "Somewhere, far"}),
        ("192.0.2.7:99999", {"source.address": "192.0.2.7:99999"}),
        ("-", {}),
        (None, {}),
        (7, {}),
    ],
)
def test_an_address_out_of_its_surroundings(given_value: Any, fields: dict[str, Any]) -> None:
    assert read_addresses(given_value) == fields


addresses = st.ip_addresses().filter(lambda address: getattr(address, "ipv4_mapped", None) is None)


@given(addresses, st.sampled_from(["{}", "[{}]:443", "{}#53", "{} port 53", "{}%eth0", '"{}"', "10.0.0.1, {}"]))
def test_whatever_is_around_it_the_address_is_the_same(address: Any, surroundings: str) -> None:
    for spelled in (str(address), address.exploded, str(address).upper()):
        ips = read_addresses(surroundings.format(spelled)).get("source.ip")
        assert str(address) in (ips if isinstance(ips, list) else [ips])


@given(st.lists(st.text(max_size=30) | addresses.map(str), max_size=4))
def test_what_is_read_as_an_address_is_one_in_its_one_spelling(texts: list[str]) -> None:
    ips = read_addresses(*texts).get("source.ip", [])
    for ip in ips if isinstance(ips, list) else [ips]:
        assert is_ip(ip)
        assert str(ipaddress.ip_address(ip)) == ip
