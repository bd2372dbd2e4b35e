"""Measures how much of trail/ its tests try, and turns the measuring off while others run: it doubles what they take."""

from collections.abc import Generator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Its own tests, and those of what it does with a console beside it.
MEASURED = (
    TESTS / "trail",
    TESTS / "operations/imports",
    TESTS / "operations/sealing/test_publication_elsewhere.py",
    TESTS / "operations/sealing/test_taken_ids.py",
    TESTS / "investigations/evidence/test_absence_pin.py",
    TESTS / "investigations/questions/test_time_limit.py",
    TESTS / "investigations/search/test_search_lifetime.py",
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Turn it on or off where a file is followed by one of another kind. Does nothing without --cov."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    if plugin and (controller := plugin.cov_controller):
        measured = any(item.path.is_relative_to(path) for path in MEASURED)
        if measured and not controller.started:
            controller.resume()
        elif controller.started and not measured:
            controller.pause()
    return (yield)
