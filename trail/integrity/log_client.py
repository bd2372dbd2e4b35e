"""Reads a log that somebody else keeps (C2SP tlog-tiles): its newest checkpoint and its tiles, by HTTP or from a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from trail.errors import TrailError
from trail.http import NoResponse, ResponseCutOff, ResponseTooLong, send_request
from trail.integrity import merkle, signed_note
from trail.integrity.publish import read_newest
from trail.integrity.tiles import WIDTH

TIMEOUT = 30  # seconds for each wait for the log


class LogUnavailable(TrailError):
    """The log does not answer, or not as a log does. It says nothing about what the log holds."""


class Log(Protocol):
    """A log to look at. It is a `Store` of tiles too, of which nothing but reading is used."""

    def checkpoint(self) -> bytes:
        """The newest signed note. Raises LogUnavailable."""

    def read(self, name: str) -> bytes | None:
        """A tile, or None. Raises LogUnavailable."""

    def write(self, tiles: Mapping[str, bytes]) -> None:
        """Raises TypeError: it is only read."""

    def remove(self, name: str) -> None:
        """Raises TypeError: it is only read."""


class _ReadOnly:
    """Refuses what a `Store` of tiles does beside reading."""

    def write(self, tiles: Mapping[str, bytes]) -> None:
        """Raises TypeError."""
        raise TypeError("a log that somebody else keeps is only read")

    def remove(self, name: str) -> None:
        """Raises TypeError."""
        raise TypeError("a log that somebody else keeps is only read")


class LogFolder(_ReadOnly):
    """A log as files. With `tiles` the checkpoints are those that were published into the folder, the tiles elsewhere."""

    def __init__(self, folder: Path, tiles: Path | None = None) -> None:
        self._folder, self._published = tiles or folder, folder if tiles else None

    def checkpoint(self) -> bytes:
        """The newest signed note. Raises LogUnavailable."""
        try:
            if self._published is None:
                return (self._folder / "checkpoint").read_bytes()
            note = read_newest(self._published)
        except OSError as error:
            raise LogUnavailable(f"The checkpoint cannot be read: {error}.") from error
        if note is None:
            raise LogUnavailable(f"{self._published} holds no checkpoint yet.")
        return note

    def read(self, name: str) -> bytes | None:
        """A tile, or None. Raises LogUnavailable."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LogUnavailable(f"A tile cannot be read: {error}.") from error


class LogAddress(_ReadOnly):
    """A log behind an address such as https://console.example.com/log, read with an API key where it wants one."""

    def __init__(self, address: str, api_key: str = "") -> None:
        if urlsplit(address).scheme not in ("http", "https"):
            raise ValueError("a log's address begins with https:// or http://")
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def checkpoint(self) -> bytes:
        """The newest signed note. Raises LogUnavailable."""
        note = self._request("checkpoint", limit=signed_note.MAX_NOTE)
        if note is None:
            raise LogUnavailable(f"{self._address} has no checkpoint yet, or is no log.")
        return note

    def read(self, name: str) -> bytes | None:
        """A tile, or None. Raises LogUnavailable."""
        return self._request(name, limit=WIDTH * merkle.SIZE)

    def write_cosigned(self, message: bytes) -> None:
        """Give the log a checkpoint with our cosignature. Raises LogUnavailable."""
        if self._request("cosignatures", limit=signed_note.MAX_NOTE, body=message) is None:
            raise LogUnavailable(f"{self._address} takes no cosignatures.")

    def _request(self, name: str, *, limit: int, body: bytes | None = None) -> bytes | None:
        """The body of a response, None where there is nothing of this name. Raises LogUnavailable."""
        url = f"{self._address}/{name}"
        headers = self._headers if body is None else self._headers | {"Content-Type": "text/plain; charset=utf-8"}
        try:
            response = send_request(url, headers=headers, body=body, timeout=TIMEOUT, limit=limit)
        except ResponseTooLong as error:
            raise LogUnavailable(f"{url} answers more than a log would.") from error
        except ResponseCutOff as error:
            raise LogUnavailable(f"The answer of {url} was cut off.") from error
        except NoResponse as error:
            raise LogUnavailable(f"{url} does not answer: {error}.") from error
        if response.status == 404:
            return None
        if not response.is_success:
            reason = response.body[:300].decode(errors="replace").strip() or response.reason
            raise LogUnavailable(f"{url} answers {response.status}: {reason}")
        return response.body
