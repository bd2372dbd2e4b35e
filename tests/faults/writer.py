"""A service that emits to a spool from ten threads until it is killed. Says what it begins and what is acknowledged."""

import os
import sys
import threading
import uuid
from pathlib import Path

from trail.canonical_form import compute_digest
from trail.documents import nest
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter

THREADS = 10


def say(*words: str) -> None:
    os.write(1, f"{' '.join(words)}\n".encode())  # one write of less than PIPE_BUF: a line comes whole or not at all


def document() -> dict[str, object]:
    return nest(
        {
            "@timestamp": "2026-11-01T00:00:00Z",
            "event.id": str(uuid.uuid4()),
            "event.action": "token.verify",
            "event.outcome": "success",
            "event.dataset": "faults",
            "message": "x" * (uuid.uuid4().int % 900),
        }
    )


def emit(emitter: Emitter) -> None:
    while True:
        one = document()
        event_id = str(one["event"]["id"])  # type: ignore[index]
        say("begun", event_id)
        durable = emitter.emit(one)
        numbered = {**one, "event": {**one["event"], "sequence": durable.sequence}, "writer": {"id": "faults"}}  # type: ignore[dict-item]
        say("acknowledged", event_id, compute_digest(numbered))


def main(folder: str) -> None:
    with Spool(Path(folder), segment_bytes=30_000) as spool:
        emitter = Emitter(None, writer_id="faults", mode="spooled", spool=spool)
        threads = [threading.Thread(target=emit, args=(emitter,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
