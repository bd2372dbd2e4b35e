"""kill -9 of the worker, and of the node, in the middle of what leaves the house and what comes in: taken up, or failed in words."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pyarrow import parquet

from accounts.models import User
from auditconsole.local import opensearch
from core.errors import Refused
from investigations.case_import import contents
from investigations.case_import import services as case_imports
from investigations.evidence.services import PinWords
from investigations.exports import services as exports
from investigations.models import Case, CaseImport, CaseUpload, Export, PinBatch
from investigations.pin_batches import services as pin_batches
from investigations.runs import services as runs
from tests.faults.half_job import HALF
from tests.investigations.case_import.test_case_import import accept, upload, work_on
from tests.investigations.exports.test_case_bundle import export_case_bundle, fill
from tests.support import parts
from tests.support.database import database_url
from tests.support.factories.cases import pin, run
from tests.support.factories.events import use, write
from trail.connection import Trail, connect
from trail.mapping import install

EVENTS = 12
Seal = Callable[[], object]


def kill_half_way(kind: str, job: Export | PinBatch | CaseImport, trail: Trail) -> None:
    """Let another process begin the job, kill it in the middle, and let its lease pass."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "auditconsole.settings",
        "OPENSEARCH_URL": settings.OPENSEARCH_URL,
        "TRAIL_PREFIX": trail.prefix,
        "CONSOLE_STATE_DIR": str(settings.STATE_DIR),
        "SEAL_DIR": str(settings.SEAL_DIR),
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
    }
    command = [sys.executable, "-m", "tests.faults.half_job", kind, str(job.pk)]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        process.kill()
    assert said == HALF
    type(job)._default_manager.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()
    assert job.state == "running"


def read_whole(format: str, content: bytes) -> int:
    """How many events a file holds, by the readers that other people have."""
    match format:
        case "parquet":
            return int(parquet.read_table(io.BytesIO(content)).num_rows)
        case "xlsx":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert archive.testzip() is None
                return archive.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1
        case "stix":
            return sum(each["type"] == "observed-data" for each in json.loads(content)["objects"])
        case "ocsf":
            return len([json.loads(line) for line in content.splitlines()])
        case _:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert archive.testzip() is None
                return len(json.loads(archive.read("case.json"))["evidence"])


def expect_nothing_offered(export: Export, by: User, client: Client) -> None:
    assert not exports.build_path(export).exists()
    with pytest.raises(Refused, match="has no file"):
        exports.find_file(export, by=by)
    client.force_login(by)
    assert client.get(f"/exports/{export.public_id}/file/").status_code == 302


def expect_whole(export: Export, format: str) -> None:
    export.refresh_from_db()
    assert (export.state, export.done, export.problem) == ("finished", EVENTS, "")
    path = exports.build_path(export)
    content = path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (export.size, export.sha256)
    assert read_whole(format, content) == EVENTS
    assert list(path.parent.glob(f"{export.public_id}*")) == [path]


@pytest.mark.parametrize("format", ["parquet", "xlsx", "stix", "ocsf", "case_bundle"])
def test_an_export_whose_worker_is_killed_is_never_offered_half_and_is_whole_in_the_end(
    format: str, transactional_db: None, trail: Trail, case: Case, alice: User, client: Client, seal: Seal
) -> None:
    pin(trail, case, alice, *(use("t", id=f"e{number}") for number in range(EVENTS)))
    seal()
    export = exports.start(format=format, by=alice, case=case)
    kill_half_way("export", export, trail)
    expect_nothing_offered(export, alice, client)
    assert list(exports.build_path(export).parent.glob(f"{export.public_id}*.part"))
    exports.write_export(export.pk)
    expect_whole(export, format)


def test_a_pin_batch_whose_worker_is_killed_has_whole_steps_and_pins_each_event_once(
    transactional_db: None, trail: Trail, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CHUNK", 5)
    write(trail, *(use("t", id=f"e{number}") for number in range(EVENTS)))
    made = run(alice, text="token.id:t", case=case)
    batch = pin_batches.start(case=case, run=made, by=alice, words=PinWords("All of it"))
    kill_half_way("pins", batch, trail)
    assert case.evidence.count() == batch.done > 0
    assert batch.done < EVENTS
    pin_batches.pin_results(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.pinned, batch.already) == ("finished", EVENTS, 0)
    assert case.evidence.count() == case.custody.filter(action="pin").count() == EVENTS


def test_an_import_whose_worker_is_killed_is_seen_by_nobody_and_is_whole_in_the_end(
    transactional_db: None,
    trail: Trail,
    case: Case,
    alice: User,
    lea: User,
    seal: Seal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contents, "STEP", 2)
    fill(case, alice, trail, seal)
    made: CaseUpload = upload(export_case_bundle(case, alice), lea)
    accept(made, lea)
    job = case_imports.start_import(upload=made, by=lea)
    kill_half_way("import", job, trail)
    assert set(Case.objects.visible_to(lea)) == {case}
    assert work_on(made).state == "finished"
    assert Case.objects.visible_to(lea).get(foreign__upload=made).evidence.count() == 3


def test_an_export_meets_the_end_of_the_node_waits_for_it_and_is_whole_in_the_end(
    transactional_db: None, alice: User, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = parts.new_node(tmp_path / "node", heap="256m")
    trail = connect(own.url, prefix="faults", timeout=10)
    monkeypatch.setattr(settings, "OPENSEARCH_URL", own.url)
    monkeypatch.setattr(settings, "TRAIL_PREFIX", "faults")
    monkeypatch.setattr(runs, "CHUNK", 5)
    with opensearch.run_node(own) as process:
        install(trail)
        write(trail, *(use("t", id=f"e{number}") for number in range(EVENTS)))
        made = run(alice, text="token.id:t")
        waiting = {
            format: exports.start(format=format, by=alice, run=made) for format in ("parquet", "xlsx", "stix", "ocsf")
        }
        reads, read = [0], runs.read_events

        def read_until_the_node_ends(*args: Any) -> Any:
            reads[0] += 1
            if reads[0] == 2:
                process.kill()
                process.wait()
            return read(*args)

        monkeypatch.setattr(runs, "read_events", read_until_the_node_ends)
        for export in waiting.values():
            exports.write_export(export.pk)
            export.refresh_from_db()
            assert (export.state, export.problem[:9]) == ("queued", "The trail")
            expect_nothing_offered(export, alice, client)
    with opensearch.run_node(own):
        for format, export in waiting.items():
            Export.objects.filter(pk=export.pk).update(not_before=timezone.now())
            exports.write_export(export.pk)
            expect_whole(export, format)
    trail.client.close()
