"""Read a log that somebody else keeps, as C2SP tlog-tiles has it: its newest checkpoint and its tiles, by HTTP or in a folder."""

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit

from trail.errors import TrailError
from trail.integrity import merkle, note
from trail.integrity.publish import newest
from trail.integrity.tiles import WIDTH

PATIENCE = 30  # seconds for one answer


class LogUnavailable(TrailError):
    """The log does not answer, or not as a log does. It says nothing about what the log holds."""


class Log(Protocol):
    """A log to look at. It is a `Store` of tiles too, of which nothing but reading is used."""

    def checkpoint(self) -> bytes:
        """The newest signed note. Raises LogUnavailable."""

    def read(self, name: str) -> bytes | None:
        """A tile, or None. Raises LogUnavailable."""

    def write(self, tiles: Mapping[str, bytes]) -> None: ...

    def remove(self, name: str) -> None: ...


class _ReadOnly:
    def write(self, tiles: Mapping[str, bytes]) -> None:
        raise TypeError("a log that somebody else keeps is only read")

    def remove(self, name: str) -> None:
        raise TypeError("a log that somebody else keeps is only read")


class LogFolder(_ReadOnly):
    """A log as files. With `tiles` the checkpoints are those that were published into the folder, the tiles elsewhere."""

    def __init__(self, folder: Path, tiles: Path | None = None) -> None:
        self._folder, self._published = tiles or folder, folder if tiles else None

    def checkpoint(self) -> bytes:
        try:
            if self._published is None:
                return (self._folder / "checkpoint").read_bytes()
            found = newest(self._published)
        except OSError as error:
            raise LogUnavailable(f"The checkpoint cannot be read: {error}.") from error
        if found is None:
            raise LogUnavailable(f"{self._published} holds no checkpoint yet.")
        return found

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LogUnavailable(f"A tile cannot be read: {error}.") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the API key to wherever it points."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class LogAddress(_ReadOnly):
    """A log behind an address such as https://console.example.com/log, read with an API key where it wants one."""

    def __init__(self, address: str, api_key: str = "") -> None:
        if urlsplit(address).scheme not in ("http", "https"):
            raise ValueError("a log's address begins with https:// or http://")
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._opener = urllib.request.build_opener(_NoRedirect)

    def checkpoint(self) -> bytes:
        found = self._ask("checkpoint", limit=note.MAX_NOTE)
        if found is None:
            raise LogUnavailable(f"{self._address} has no checkpoint yet, or is no log.")
        return found

    def read(self, name: str) -> bytes | None:
        return self._ask(name, limit=WIDTH * merkle.SIZE)

    def write_cosigned(self, message: bytes) -> None:
        """Give the log a checkpoint with our cosignature. Raises LogUnavailable."""
        if self._ask("cosignatures", limit=note.MAX_NOTE, body=message) is None:
            raise LogUnavailable(f"{self._address} takes no cosignatures.")

    def _ask(self, name: str, *, limit: int, body: bytes | None = None) -> bytes | None:
        where = f"{self._address}/{name}"
        headers = self._headers if body is None else self._headers | {"Content-Type": "text/plain; charset=utf-8"}
        request = urllib.request.Request(where, body, headers)  # noqa: S310  the scheme was looked at
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                found: bytes = answer.read(limit + 1)
                missing = answer.length
        except HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                why = error.read(300).decode(errors="replace").strip()
            raise LogUnavailable(f"{where} answers {error.code}: {why or error.reason}") from error
        except (OSError, HTTPException) as error:
            raise LogUnavailable(f"{where} does not answer: {error}.") from error
        if len(found) > limit:
            raise LogUnavailable(f"{where} answers more than a log would.")
        if missing:
            raise LogUnavailable(f"The answer of {where} was cut off.")
        return found
