"""A service that emits from several threads, and writes down what became of each event."""

import threading
import uuid
from typing import Any

from tests.faults.audit import Writes
from tests.support.factories.events import event
from trail.canonical_form import compute_digest
from trail.errors import TrailUnavailable, WriteRefused, WriteUnknown
from trail.writing.emitter import Durable, Emitter

THREADS = 4


class Service:
    """`tries` is how often an event is emitted before it is given up; `done` and `failed` count, for who waits."""

    def __init__(self, emitter: Emitter, *, tries: int = 1) -> None:
        self.emitter = emitter
        self.writes = Writes()
        self.failed = threading.Semaphore(0)  # released each time the index did not take an event
        self.done = threading.Semaphore(0)
        self._tries = tries
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            one = event(id=str(uuid.uuid4()))
            self.writes.begun.add(one["event"]["id"])
            for _ in range(self._tries):
                if self._emit(one):
                    break

    def _emit(self, one: dict[str, Any]) -> bool:
        event_id = one["event"]["id"]
        try:
            durable = self.emitter.emit(one)
        except (WriteUnknown, TrailUnavailable):
            self.writes.unknown.add(event_id)
            self.failed.release()
            return False
        except WriteRefused:
            self.writes.refused.add(event_id)
            self.failed.release()
            return False
        self._acknowledged(one, durable)
        return True

    def _acknowledged(self, one: dict[str, Any], durable: Durable) -> None:
        own = {"event": {**one["event"], "sequence": durable.sequence}, "writer": {"id": self.emitter.writer_id}}
        self.writes.acknowledged[durable.event_id] = compute_digest({**one, **own})
        (self.done if durable.where == "index" else self.failed).release()
