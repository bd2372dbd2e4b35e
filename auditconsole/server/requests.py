"""Reads the bytes of a request as they come, within the limits of a first line, of headers and of a body."""

import copy
import errno
import os
import shutil
from contextlib import suppress
from io import BytesIO
from typing import Any, ClassVar
from weakref import WeakSet

from django.conf import settings
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from core.proxies import is_trusted_proxy
from core.stored_files import open_unnamed_file, write_whole
from investigations.search_url import MAX_REQUEST_LINE

# Bytes of a request's first line and headers together.
MAX_HEADER = 64 * 1024
# The one address that takes a file which memory is too small for (investigations.case_import), and the form around it.
LARGE_PATH, FORM_BYTES = "/case-imports/", 64 * 1024
# So many of these come to one web process at once, and of one address one; what comes beyond is discarded.
MOST_LARGE = 2
# Bytes of such a file after which the room on the disk is looked at again: other processes write there too.
LOOK_EVERY = 16 * 1024 * 1024
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


class _FileBuffer:
    """The buffer of a body that lies on the disk of the state folder, in a file without a name, until it was read."""

    waiting: ClassVar["WeakSet[_FileBuffer]"] = WeakSet()

    def __init__(self, size: int, address: str) -> None:
        """For a body of so many bytes. Raises OSError where there is no room for it beside what the others here still bring."""
        self.size, self.address, self.written = size, address, 0
        _expect_room(size + sum(other.size - other.written for other in self.waiting))
        self.file = open_unnamed_file()
        self._looked_at = 0
        self.waiting.add(self)

    def append(self, data: bytes) -> None:
        """Write behind what is there. Raises OSError where the disk has no room."""
        if self.written - self._looked_at >= LOOK_EVERY:
            _expect_room(0)
            self._looked_at = self.written
        write_whole(self.file, data)
        self.written += len(data)

    def getfile(self) -> Any:
        """The file from its beginning."""
        self.file.seek(0)
        return self.file

    def close(self) -> None:
        """Give up the file, and the place for another."""
        self.waiting.discard(self)
        with suppress(OSError):
            self.file.close()

    def __len__(self) -> int:
        return self.written


def _expect_room(size: int) -> None:
    """Raises OSError where so many bytes would leave the disk less than its reserve."""
    if shutil.disk_usage(settings.STATE_DIR).free - settings.ATTACHMENTS_DISK_RESERVE < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class BoundedRequest(HTTPRequestParser):  # type: ignore[misc]
    """A request, whole or not yet. Of a body that is too large the view gets the length alone, and says so in its own words."""

    adj: Any
    body_rcv: Any

    def __init__(self, adj: Any, address: str = "") -> None:
        self.address = address
        super().__init__(adj)

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
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = settings.INGEST_BODY_BYTES + 1
        if self.content_length > settings.CASE_BUNDLE_BYTES + FORM_BYTES or not self._has_place():
            return self._name_too_much()
        try:
            self.body_rcv = FixedStreamReceiver(self.content_length, _FileBuffer(self.content_length, self.address))
        except OSError:
            return self._name_too_much()
        self.adj.max_request_body_size = settings.CASE_BUNDLE_BYTES + FORM_BYTES + 1
        return None

    def _has_place(self) -> bool:
        """Whether one more may come now; the connections of a trusted proxy are everybody's."""
        others = [other.address for other in _FileBuffer.waiting]
        is_first = self.address not in others or is_trusted_proxy(self.address)
        return len(others) < MOST_LARGE and is_first

    def _name_too_much(self) -> None:
        """Name a length that the view takes for too much."""
        self.headers["CONTENT_LENGTH"] = str(settings.CASE_BUNDLE_BYTES + FORM_BYTES + 1)

    def received(self, data: bytes) -> int:
        """Take in data; how many bytes of it belong to this request."""
        try:
            consumed = int(super().received(data))
        except OSError:
            if not self.is_large:
                raise
            return self._give_up_large(len(data))
        if isinstance(self.error, RequestEntityTooLarge):
            self._discard_body()
        return consumed

    def _give_up_large(self, size: int) -> int:
        """The disk is full: let the file go, take what is left without keeping it, and have the view say so."""
        rest: int = self.body_rcv.remain
        consumed = min(rest, size)
        self.body_rcv.buf.close()
        self._name_too_much()
        self.headers["CONNECTION"] = "close"
        self.body_rcv = _Discarder(min(rest - consumed, 2 * settings.INGEST_BODY_BYTES), _DiscardedBody())
        self.completed = self.body_rcv.remain == 0
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
