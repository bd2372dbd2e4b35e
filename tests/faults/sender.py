"""A service that writes over HTTP from several threads, and sends again what it has no sure answer for."""

import http.client
import json
import random
import threading
import time
import uuid

from tests.faults.audit import Writes
from tests.support.factories.events import event
from tests.support.factories.ingest import EVENTS, LINES, lines
from tests.support.web_server import Web
from trail.canonical_form import compute_digest

THREADS = 4
PAUSE = 0.3  # seconds before the same is sent again


class Sender:
    """Sends a few events at a time. `done` and `failed` count answers, for who waits; `first_failure` is in seconds since 1970."""

    def __init__(self, web: Web, writer: str = "tokens-1") -> None:
        self.writes = Writes()
        self.done = threading.Semaphore(0)
        self.failed = threading.Semaphore(0)
        self.first_failure: float | None = None
        self._web, self._writer = web, writer
        self._headers = {"Authorization": f"Bearer {web.keys['ecs']}", "Content-Type": LINES}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """When everything that was begun is acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def drain(self) -> None:
        """Forget the answers so far: the next that is waited for is a new one."""
        for answers in (self.done, self.failed):
            while answers.acquire(blocking=False):
                pass
        self.first_failure = None

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stop.is_set():
            waiting = {
                one["event"]["id"]: one for one in (event(id=str(uuid.uuid4())) for _ in range(chance.randint(1, 30)))
            }
            self.writes.begun.update(
                waiting
            )  # in place: `|=` with keys makes another set, and threads lose what was added
            while waiting:
                answered = self._send(lines(*waiting.values()))
                for event_id, status in answered.items():
                    if status in ("created", "existing"):
                        stored = {**waiting.pop(event_id), "writer": {"id": self._writer}}
                        self.writes.acknowledged[event_id] = compute_digest(stored)
                self.writes.unknown.update(waiting)
                if waiting:
                    self._note_failure()
                    time.sleep(PAUSE)
                else:
                    self.done.release()

    def _send(self, content: bytes) -> dict[str, str]:
        """What became of each event; nothing where there was no answer, or none that is whole."""
        try:
            with self._web.connection() as connection:
                connection.request("POST", EVENTS, content, self._headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return {}
        assert response.status in (200, 429, 503), answer
        events = {one["id"]: one["status"] for one in answer.get("events", [])}
        assert (response.status == 200) == (set(events.values()) <= {"created", "existing"} and bool(events)), answer
        return events

    def _note_failure(self) -> None:
        self.first_failure = self.first_failure or time.time()
        self.failed.release()
