"""A clock for other processes that jumps as we say: libfaketime, which answers in the place of the C library."""

import os
from pathlib import Path


class Clock:
    """Processes with this environment have a clock that is off by `offset`; how long things take they measure rightly."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """From now on, so far from the true time: `-400d`, `+3h`."""
        self._write(offset)

    def stand_still(self, at: str) -> None:
        """From now on it is this time and no other, in the zone of whoever asks: `2026-11-24 09:30:00`."""
        self._write(at)

    def _write(self, words: str) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(words)
        fresh.rename(self._file)

    @property
    def environment(self) -> dict[str, str]:
        library = installed()
        assert library, "libfaketime is missing; run python -m tests.support.programs"
        return os.environ | {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def installed() -> Path | None:
    """Debian's library."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
