"""Sends one HTTP request and reads a bounded response, without following redirects and without trying again."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import IncompleteRead, responses
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError


class NoResponse(OSError):
    """The server could not be reached, or its response did not come whole."""


class ResponseTooLong(NoResponse):
    """The response has more bytes than were allowed."""


class ResponseCutOff(NoResponse):
    """The response ended before the length that it announced."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response: its status, the status in words, and its body as it was sent."""

    status: int
    reason: str
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300


def send_request(
    url: str, *, timeout: float, limit: int, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Response:
    """GET the url, or POST the body to it. A redirect is a response like any other: its target would see what the headers hold.

    `timeout` is the seconds of each wait for the server. `limit` is the bytes that a successful body may have; any other body
    is cut there. Proxies are those of the environment (HTTPS_PROXY and the like). Raises NoResponse.
    """
    method = "GET" if body is None else "POST"
    with _build_pool(url) as pool:
        try:
            response = pool.request(
                method,
                url,
                body=body,
                headers=dict(headers or {}),
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            content = response.read(limit + 1, decode_content=False)
            response.release_conn()
        except HTTPError as error:
            is_cut_off = isinstance(error.__cause__, IncompleteRead)
            raise (ResponseCutOff if is_cut_off else NoResponse)(str(error)) from error
    result = Response(response.status, response.reason or responses.get(response.status, ""), content[:limit])
    if result.is_success and len(content) > limit:
        raise ResponseTooLong(f"{url} answers more than {limit:,} bytes")
    if result.is_success and response.length_remaining:
        raise ResponseCutOff(f"{url} ended {response.length_remaining:,} bytes early")
    return result


def _build_pool(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
