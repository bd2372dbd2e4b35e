"""Reads the bytes of a request as they come, within the limits of a first line, of headers and of a body."""

from io import BytesIO
from typing import Any

from django.conf import settings
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from investigations.search_url import MAX_REQUEST_LINE

# Bytes of a request's first line and headers together.
MAX_HEADER = 64 * 1024
_LINE_TOO_LONG = f"Request line is too large: at most {MAX_REQUEST_LINE:,} characters."


class _DiscardedBody:
    """The buffer of a body that nobody will read: it keeps nothing."""

    def append(self, data: bytes) -> None:
        """Forget the data."""

    def getfile(self) -> BytesIO:
        """An empty stream."""
        return BytesIO()

    def close(self) -> None:
        """Nothing is held."""

    def __len__(self) -> int:
        return 0


class _Discarder(FixedStreamReceiver):  # type: ignore[misc]
    """Takes so many bytes and keeps none."""


class BoundedRequest(HTTPRequestParser):  # type: ignore[misc]
    """A request, whole or not yet. Of a body that is too large the view gets the length alone, and says so in its own words."""

    body_rcv: Any

    def parse_header(self, header_plus: bytes) -> None:
        """As the parser's own. Raises ParsingError for a first line that is too long."""
        if header_plus.find(b"\r\n") > MAX_REQUEST_LINE:
            raise ParsingError(_LINE_TOO_LONG)
        super().parse_header(header_plus)

    def received(self, data: bytes) -> int:
        """Take in data; how many bytes of it belong to this request."""
        consumed = int(super().received(data))
        if isinstance(self.error, RequestEntityTooLarge):
            self._discard_body()
        return consumed

    def _discard_body(self) -> None:
        """Take what is left without keeping it, within reason: who is cut off while sending may lose the answer."""
        limit = settings.INGEST_BODY_BYTES
        self.error = None
        self.headers["CONNECTION"] = "close"
        if self.chunked:
            self.headers["CONTENT_LENGTH"] = str(limit + 1)
            return
        if not isinstance(self.body_rcv, _Discarder):
            self.body_rcv = _Discarder(min(self.content_length, 2 * limit), _DiscardedBody())
        self.completed = self.body_rcv.completed
