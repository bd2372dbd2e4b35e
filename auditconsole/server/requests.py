"""Reads the bytes of a request as they come, within the limits of a first line, of headers and of a body."""

import copy
import shutil
import tempfile
from io import BytesIO
from typing import Any, ClassVar
from weakref import WeakSet

from django.conf import settings
from waitress.buffers import TempfileBasedBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from investigations.search_url import MAX_REQUEST_LINE

# Bytes of a request's first line and headers together.
MAX_HEADER = 64 * 1024
# The one address that takes a file which memory is too small for (investigations.case_import), and the form around it.
LARGE_PATH, FORM_BYTES = "/case-imports/", 64 * 1024
# So many of these come to one web process at once; what comes beyond is discarded.
MOST_LARGE = 2
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


class _FileBuffer(TempfileBasedBuffer):  # type: ignore[misc]
    """The buffer of a body that lies on the disk of the state folder, in a file without a name, until it was read."""

    waiting: ClassVar["WeakSet[_FileBuffer]"] = WeakSet()

    def __init__(self) -> None:
        super().__init__()
        self.waiting.add(self)

    def newfile(self) -> Any:
        """A file that goes with the process, whatever ends that."""
        return tempfile.TemporaryFile("w+b", dir=settings.STATE_DIR)

    def close(self) -> None:
        """Give up the file, and the place for another."""
        self.waiting.discard(self)
        super().close()


class BoundedRequest(HTTPRequestParser):  # type: ignore[misc]
    """A request, whole or not yet. Of a body that is too large the view gets the length alone, and says so in its own words."""

    adj: Any
    body_rcv: Any

    def parse_header(self, header_plus: bytes) -> None:
        """As the parser's own. Raises ParsingError for a first line that is too long."""
        if header_plus.find(b"\r\n") > MAX_REQUEST_LINE:
            raise ParsingError(_LINE_TOO_LONG)
        super().parse_header(header_plus)
        if self.command == "POST" and self.path == LARGE_PATH and self.content_length > settings.INGEST_BODY_BYTES:
            self._take_large()

    @property
    def is_large(self) -> bool:
        """Whether its body lies on the disk, and takes no memory."""
        return isinstance(getattr(self.body_rcv, "buf", None), _FileBuffer)

    def _take_large(self) -> None:
        """Let a long body come to the disk, where it is not too long, there is room, and not too many come."""
        most = settings.CASE_BUNDLE_BYTES + FORM_BYTES
        free = shutil.disk_usage(settings.STATE_DIR).free - settings.ATTACHMENTS_DISK_RESERVE
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = settings.INGEST_BODY_BYTES + 1
        if self.content_length > min(most, free) or len(_FileBuffer.waiting) >= MOST_LARGE:
            self.headers["CONTENT_LENGTH"] = str(most + 1)  # what the view takes for too much
            return
        self.adj.max_request_body_size = most + 1
        self.body_rcv = FixedStreamReceiver(self.content_length, _FileBuffer())

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
