"""Uploads of the tests of one process lie apart from those of others, for what is left behind is counted."""

from pathlib import Path

import pytest

from investigations.case_import import bundle_file, services


@pytest.fixture(scope="session")
def upload_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("case_imports")


@pytest.fixture(autouse=True)
def _own_uploads(upload_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (bundle_file, services):
        monkeypatch.setattr(module, "find_folder", lambda: upload_folder)
