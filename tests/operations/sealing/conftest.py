"""A log of this test alone, and a sealer for it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from trail.connection import Trail


@pytest.fixture
def log(db: None, trail: Trail, settings: Settings, tmp_path: Path) -> LogDirectory:
    settings.SEAL_DIR = tmp_path / "log"
    settings.TRAIL_ORIGIN, settings.TRAIL_KEY = "", ""
    return LogDirectory()


@pytest.fixture
def sealer(log: LogDirectory) -> Sealer:
    return Sealer(log)
