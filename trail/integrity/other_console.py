"""Publishes checkpoints as events into the trail of another console, whose own log seals them.

Written by `POST /api/v1/events` with a writer's key of that console, for the dataset `checkpoints`; read back by
`GET /api/v1/search` with one that asks the trail. The note stands in `event.original`, exact to the byte.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from trail.http import NoResponse, Response, send_request
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import NotPublished, PublishedNote, PublishedUnreadable
from trail.integrity.signed_note import SignedNote

DATASET, ACTION = "checkpoints", "checkpoint.publish"
TIMEOUT = 30  # seconds for each wait
PAGE = 500  # events of one answer
MAX_PAGE = 50_000_000  # bytes
OLDEST = timedelta(days=300)  # consoles take no event that is older than a year, if not told otherwise
_TIMED = 8 + 64  # bytes of an Ed25519 cosignature, which begins with its time


class ConsolePublisher:
    """Publishes into the trail of the console at an address, such as https://console.example.org."""

    notes_at_once = 2_000

    def __init__(
        self, address: str, *, write_key: str, read_key: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._address = address.rstrip("/")
        self._write_key, self._read_key, self._clock = write_key, read_key, clock

    def publish(self, message: bytes, size: int) -> None:
        """Write a signed note of a log of `size` leaves as an event, durable when it returns. Raises NotPublished."""
        if not self._write_key:
            raise NotPublished(f"No checkpoint is written to {self._address} without a key: set CHECKPOINTS_KEY.")
        body = json.dumps(build_event(message, size, self._clock())).encode()
        try:
            response = self._request("api/v1/events", self._write_key, body)
            (outcome,) = _parse_object(response)["events"]
            problem = "" if outcome["status"] in ("created", "existing") else json.dumps(outcome)
        except NoResponse as error:
            problem = str(error)
        except (ValueError, KeyError, TypeError):
            problem = f"{response.status} {_read_reason(response)}"
        if problem:
            raise NotPublished(f"The checkpoint of {size:,} events was not written to {self._address}: {problem}")

    def read_after(self, position: str = "") -> Iterator[PublishedNote]:
        """The checkpoints behind a position, which is an event's time and id. Raises PublishedUnreadable."""
        start = {"from": position.partition("/")[0]} if position else {}
        for published in self._search({"sort": "@timestamp:asc", "size": str(PAGE)} | start):
            if published.position > position:
                yield published

    def read_newest(self) -> bytes | None:
        """The newest checkpoint, by the time of its event. Raises PublishedUnreadable."""
        newest = next(self._search({"sort": "@timestamp:desc", "size": "1"}), None)
        return newest.message if newest else None

    def _search(self, parameters: Mapping[str, str]) -> Iterator[PublishedNote]:
        if not self._read_key:
            raise PublishedUnreadable(
                f"What is published in {self._address} cannot be compared without a key: set CHECKPOINTS_READ_KEY."
            )
        query = {"q": f"event.dataset:{DATASET} AND event.action:{ACTION}", **parameters}
        following: str | None = f"api/v1/search?{urlencode(query)}"
        while following:
            page = self._read_page(following)
            yield from map(_read_hit, page["hits"])
            following = page["next"] and f"api/v1/search?{urlsplit(page['next']).query}"

    def _read_page(self, path: str) -> dict[str, Any]:
        try:
            response = self._request(path, self._read_key)
            page = _parse_object(response)
            if response.status != 200 or page["partial"]:
                raise PublishedUnreadable(
                    f"What is published in {self._address} cannot be read: {response.status} {_read_reason(response)}"
                )
            return {"hits": page["hits"], "next": page["next"]}
        except (NoResponse, ValueError, KeyError) as error:
            raise PublishedUnreadable(f"What is published in {self._address} cannot be read: {error}.") from error

    def _request(self, path: str, key: str, body: bytes | None = None) -> Response:
        headers = {"Authorization": f"Bearer {key}"} | ({"Content-Type": "application/json"} if body else {})
        url = urljoin(f"{self._address}/", path)
        return send_request(url, headers=headers, body=body, timeout=TIMEOUT, limit=MAX_PAGE)


def build_event(message: bytes, size: int, now: datetime) -> dict[str, Any]:
    """A checkpoint as an event. Its time is that of the log's own cosignature, so that the same note is the same event."""
    signed_at = _read_time(message)
    at = (now if signed_at is None or signed_at < now - OLDEST else signed_at).strftime("%Y-%m-%dT%H:%M:%SZ")
    published = checkpoint.parse_note(message)
    labels = {"size": str(size)}
    if isinstance(published, Checkpoint):
        labels |= {"origin": published.origin, "root": signed_note.encode(published.root)}
    return {
        "@timestamp": at,
        "event": {
            "id": f"checkpoint-{size:019}-{sha256(message + at.encode()).hexdigest()[:32]}",
            "action": ACTION,
            "outcome": "success",
            "dataset": DATASET,
            "original": message.decode(),
        },
        "labels": labels,
    }


def _read_time(message: bytes) -> datetime | None:
    """What the log's own cosignature says, not verified: it is nothing but when the event is dated."""
    note, published = signed_note.parse(message), checkpoint.parse_note(message)
    if not isinstance(note, SignedNote) or not isinstance(published, Checkpoint):
        return None
    own = (signature.value for signature in note.signatures if signature.name == published.origin)
    times = [int.from_bytes(value[:8]) for value in own if len(value) == _TIMED]
    return datetime.fromtimestamp(times[0], UTC) if times and times[0] < 2**32 else None


def _read_hit(hit: dict[str, Any]) -> PublishedNote:
    original = hit["event"]["event"].get("original", "")
    return PublishedNote(f"{hit['timestamp']}/{hit['event_id']}", str(original).encode())


def _parse_object(response: Response) -> dict[str, Any]:
    value = json.loads(response.body)
    if not isinstance(value, dict):
        raise ValueError("the answer is no object")
    return value


def _read_reason(response: Response) -> str:
    return response.body[:300].decode(errors="replace").strip() or response.reason
