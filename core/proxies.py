"""Finds out who really sent a request: headers of proxies count only where the proxy is one that TRUSTED_PROXIES names."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What a proxy says of who spoke to it. From anybody else it is only a text that somebody typed.
FORWARDED_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
)
MOST_HOPS = 32  # a longer chain is nobody's proxies
_FORWARDED_FOR = re.compile(r'\bfor="?(\[[^\]]*\]|[^";,\s]*)', re.IGNORECASE)


class TrustedProxyMiddleware:
    """Makes REMOTE_ADDR the address of whoever asked, and takes away what an untrusted sender says of itself.

    Stands first, so that everything after it can rely on both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        networks = parse_networks(tuple(settings.TRUSTED_PROXIES))
        peer = parse_address(str(request.META.get("REMOTE_ADDR", "")))
        if peer is None or not is_within(peer, networks):
            for header in FORWARDED_HEADERS:
                request.META.pop(header, None)
        else:
            request.META["REMOTE_ADDR"] = str(find_client(peer, list_hops(request), networks))
        return self.get_response(request)


def find_client(peer: Address, hops: Sequence[str], networks: Sequence[Network]) -> Address:
    """Who asked: from the right, the first address that is no trusted proxy's.

    Each proxy vouches for the one before it alone, so what stands further left may have been made up. Where a trusted proxy
    names no address, it is itself the nearest that is known.
    """
    client = peer
    for hop in reversed(hops[-MOST_HOPS:]):
        address = parse_address(hop)
        if address is None:
            break
        client = address
        if not is_within(address, networks):
            break
    return client


def list_hops(request: HttpRequest) -> list[str]:
    """The addresses that the proxies name, the nearest last: of X-Forwarded-For, or else of Forwarded (RFC 7239)."""
    if header := str(request.META.get("HTTP_X_FORWARDED_FOR", "")):
        return [part.strip() for part in header.split(",")]
    return _FORWARDED_FOR.findall(str(request.META.get("HTTP_FORWARDED", "")))


def parse_address(text: str) -> Address | None:
    """An address as proxies write it, with or without brackets and a port; None where it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted_proxy(text: str) -> bool:
    """Whether this is the address of a proxy that TRUSTED_PROXIES names."""
    address = parse_address(text)
    return address is not None and is_within(address, parse_networks(tuple(settings.TRUSTED_PROXIES)))


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks."""
    return any(address in network for network in networks)


@lru_cache(maxsize=16)
def parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks as the setting names them, `10.0.0.0/8` or one address. Raises ValueError."""
    return tuple(ipaddress.ip_network(text.strip()) for text in texts)
