"""Put what an export holds into the order of its leaves, however much that is, in flat memory."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import orjson

Item = tuple[int, str, str]  # a leaf, and the event that it is: index and id
HELD = 200_000  # items in memory


class InLeafOrder:
    """Items sorted by leaf: HELD at a time, each lot in a file without a name, merged while they are read once.

    `last` is the greatest leaf, -1 where there is none.
    """

    def __init__(self, items: Iterable[Item], folder: Path, held: int = HELD) -> None:
        self.last = -1
        self._lots: list[IO[bytes]] = []
        left = iter(items)
        while ordered := sorted(islice(left, held)):
            self.last = max(self.last, ordered[-1][0])
            self._lots.append(_spill(ordered, folder))

    def __iter__(self) -> Iterator[Item]:
        return heapq.merge(*map(_read, self._lots))


def _spill(ordered: list[Item], folder: Path) -> IO[bytes]:
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  it is closed when it has been read
    file.writelines(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in ordered)
    file.seek(0)
    return file


def _read(file: IO[bytes]) -> Iterator[Item]:
    with file:
        for line in file:
            leaf, index, event_id = orjson.loads(line)
            yield leaf, index, event_id
