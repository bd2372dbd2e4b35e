"""Sorts what an export holds by its leaves, however much that is, in flat memory."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO

import orjson

Item = tuple[int, str, str]  # a leaf, and the event that it is: index and id
MOST_IN_MEMORY = 200_000  # items


class InLeafOrder:
    """Items sorted by leaf: MOST_IN_MEMORY at a time, each lot in a file without a name, merged while they are read once.

    `last` is the greatest leaf, -1 where there is none.
    """

    def __init__(self, items: Iterable[Item], folder: Path, most: int = MOST_IN_MEMORY) -> None:
        self.last = -1
        self._lots: list[IO[bytes]] = []
        with ExitStack() as files:
            files.callback(self.close)
            unsorted = iter(items)
            while ordered := sorted(islice(unsorted, most)):
                self.last = max(self.last, ordered[-1][0])
                self._lots.append(_spill(ordered, folder))
            files.pop_all()  # all of it is there; whoever asked for it closes it

    def __iter__(self) -> Iterator[Item]:
        return heapq.merge(*map(_read, self._lots))

    def close(self) -> None:
        """Give up what was not read."""
        for file in self._lots:
            file.close()


def _spill(ordered: list[Item], folder: Path) -> IO[bytes]:
    with ExitStack() as files:
        file = files.enter_context(tempfile.TemporaryFile(dir=folder))
        file.writelines(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in ordered)
        file.seek(0)
        files.pop_all()
    return file


def _read(file: IO[bytes]) -> Iterator[Item]:
    with file:
        for line in file:
            leaf, index, event_id = orjson.loads(line)
            yield leaf, index, event_id
