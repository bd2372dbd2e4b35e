"""Builds what a foreign client would put into a cache or a queue to run code: a pickle that makes a file when it is read."""

import pickle
from pathlib import Path
from typing import Any


class MakesFile:
    """Whoever unpickles it makes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def pickle_that_makes(path: Path) -> bytes:
    """The pickle. That it does what it says is tried at once, so that a test of it is no test of nothing."""
    harmful = pickle.dumps(MakesFile(path))
    pickle.loads(harmful)
    path.unlink()
    return harmful
