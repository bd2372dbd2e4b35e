"""Who asked is who the proxies that are trusted say it was, and nobody else's word counts."""

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from auditconsole.environment import networks
from core.proxies import TrustedProxyMiddleware, find_client

TRUSTED = ["10.0.0.0/8", "127.0.0.1/32"]


def _seen(settings: Settings, peer: str, headers: dict[str, str], trusted: list[str] | None = None) -> HttpRequest:
    settings.TRUSTED_PROXIES = TRUSTED if trusted is None else trusted
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    TrustedProxyMiddleware(answer)(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("203.0.113.7", {"X-Forwarded-For": "198.51.100.1"}, "203.0.113.7"),
        ("203.0.113.7", {"Forwarded": "for=198.51.100.1"}, "203.0.113.7"),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, "198.51.100.1"),
        ("10.0.0.1", {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}, "198.51.100.1"),
        ("10.0.0.1", {"X-Forwarded-For": "6.6.6.6, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"),
        ("10.0.0.1", {"X-Forwarded-For": "10.0.0.2"}, "10.0.0.2"),
        ("10.0.0.1", {"X-Forwarded-For": "nonsense"}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1, nonsense"}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1:4711"}, "198.51.100.1"),
        ("10.0.0.1", {"Forwarded": 'for="[2001:db8::7]:4711";proto=https, for=10.9.9.9'}, "2001:db8::7"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("::ffff:10.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, "198.51.100.1"),
    ],
)
def test_the_client_is_the_rightmost_that_no_trusted_proxy_is(
    settings: Settings, peer: str, headers: dict[str, str], client: str
) -> None:
    assert _seen(settings, peer, headers).META["REMOTE_ADDR"] == client


def test_a_scheme_counts_from_a_trusted_proxy_alone(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert _seen(settings, "10.0.0.1", {"X-Forwarded-Proto": "https"}).is_secure()
    assert not _seen(settings, "203.0.113.7", {"X-Forwarded-Proto": "https"}).is_secure()


def test_without_trusted_proxies_nobodys_header_counts(settings: Settings) -> None:
    request = _seen(settings, "127.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, trusted=[])
    assert request.META["REMOTE_ADDR"] == "127.0.0.1"
    assert "X-Forwarded-For" not in request.headers


ADDRESSES = st.ip_addresses(v=4)


@given(st.lists(st.one_of(ADDRESSES.map(str), st.text(max_size=20))), ADDRESSES)
def test_whatever_stands_left_of_an_untrusted_address_changes_nothing(
    left: list[str], client: ipaddress.IPv4Address
) -> None:
    nets = [ipaddress.ip_network("10.0.0.0/8")]
    if client in nets[0]:
        return
    peer = ipaddress.ip_address("10.0.0.1")
    assert find_client(peer, [*left, str(client)], nets) == client


def test_a_network_that_is_none_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROXIES", "10.0.0.0/8, house")
    with pytest.raises(SystemExit, match=r"SOME_PROXIES is set to .*house"):
        networks("SOME_PROXIES")
