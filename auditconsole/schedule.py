"""Keeps when each scheduled task was last sent, as JSON: Celery's own file of it is a pickle, which runs what is in it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.beat import Scheduler
from celery.utils.log import get_logger

logger = get_logger(__name__)


class JSONScheduler(Scheduler):  # type: ignore[misc]  # celery has no types
    """Takes up the schedule where the last one left it; the tasks themselves come from the settings alone."""

    def __init__(self, *args: Any, schedule_filename: str, **options: Any) -> None:
        self.path = Path(schedule_filename)
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for name, (last_run_at, total_run_count) in self._read().items():
            if (entry := self.schedule.get(name)) is not None:
                entry.last_run_at, entry.total_run_count = last_run_at, total_run_count

    def sync(self) -> None:
        """Write it, whole or not at all."""
        sent = {
            name: {"last_run_at": entry.last_run_at.isoformat(), "total_run_count": entry.total_run_count}
            for name, entry in self.schedule.items()
        }
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(json.dumps(sent, indent=1))
        fresh.replace(self.path)

    def _read(self) -> dict[str, tuple[datetime, int]]:
        """What was kept. A file that cannot be read is named in the log, and every task waits for its whole interval."""
        if not self.path.exists():
            return {}
        try:
            entries = json.loads(self.path.read_text())
            return {
                name: (datetime.fromisoformat(entry["last_run_at"]), int(entry["total_run_count"]))
                for name, entry in entries.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            logger.error("%s cannot be read (%s: %s); every task is due anew.", self.path, type(error).__name__, error)
            return {}
