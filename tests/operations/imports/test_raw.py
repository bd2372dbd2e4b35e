"""Of every real record `raw`, as it stands in the engine, is what is derived from the `event.original` that is sealed."""

from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from operations.imports.formats import FORMATS
from tests.support.found_events import scan_all
from trail.connection import Trail
from trail.source_record import derive_raw, find_contradiction

pytestmark = pytest.mark.django_db
LOGS = sorted((Path(__file__).parents[2] / "data" / "logs").glob("*.ndjson"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_what_is_derived_from_a_real_log_is_what_is_stored(trail: Trail, log: Path, tmp_path: Path) -> None:
    format = next(name for name in FORMATS if log.name.startswith(name))
    with suppress(SystemExit):  # some records are bad on purpose
        call_command("import_events", str(log), format=format, rejects=tmp_path / "rejects", stdout=StringIO())
    trail.client.indices.refresh(index=trail.events)
    stored = [hit.document for hit in scan_all(trail) if "raw" in hit.document]
    assert stored
    for document in stored:
        assert document["raw"] == derive_raw(document["event"]["original"])
        assert find_contradiction(document) == ""
