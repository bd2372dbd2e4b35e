"""Compresses answers, except to who was sent here by another site, and those that show a secret.

Why it gives nothing away though pages hold what is secret: docs/decisions/0062-answers-are-compressed.md.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

# What a browser says of a request that its person, or a page of the console, made. A program says nothing.
_OWN = ("same-origin", "none", "")
_MARK = "shows_secret"


class CompressionMiddleware(GZipMiddleware):
    """Django's own, which makes each answer longer by a random number of bytes, with narrower rules of when."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Files keep their length, so that a browser can say how far a download is; they are not made anew each time either.
        if response.streaming or getattr(response, _MARK, False):
            return response
        patch_vary_headers(response, ("Sec-Fetch-Site",))
        if request.headers.get("Sec-Fetch-Site", "") not in _OWN:
            return response
        return super().process_response(request, response)


def leave_uncompressed(response: HttpResponseBase) -> None:
    """Say that an answer shows a secret, which its length must not hint at."""
    setattr(response, _MARK, True)
