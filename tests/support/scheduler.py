"""Decides which process runs which tests: a file stays in one, what needs the browser stays together, the longest comes first."""

from typing import Any

import pytest
from django.conf import settings
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
# So that no process waits for another at the end: what takes longest, as `make test` says at its end. The rest follows.
LONGEST = (
    BROWSER,
    "tests/faults/",
    "tests/auditconsole/",
    "tests/interop/",  # the first time on a machine, when Go compiles
    "tests/pages/test_hostile_values.py",
    "tests/operations/ingest/web/",
    "tests/trail/integrity/test_tiles.py",
    "tests/trail/first_seen/test_keeper.py",
    "tests/trail/maintenance/test_checks.py",
    "tests/trail/integrity/test_audit.py",
    "tests/trail/maintenance/test_snapshots.py",
    "tests/trail/search/test_harmful_queries.py",
    "tests/operations/incidents/test_outage.py",
    "tests/operations/demonstration/",
    "tests/operations/imports/test_import_events.py",
)


class ByFileAndConsole(LoadFileScheduling):
    """xdist's own `--dist loadfile`, but for the tests of the browser, which share a console. (With `--dist loadgroup`
    the names of all tests would end in that of their group, and could not be copied from an error.)"""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndConsole:
    return ByFileAndConsole(config, log)


def _rank(item: pytest.Item) -> int:
    return next((place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path)), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)
    if "sqlite3" not in settings.DATABASES["default"]["ENGINE"]:
        for item in items:
            if item.get_closest_marker("sqlite"):
                item.add_marker(pytest.mark.skip("about SQLite"))
