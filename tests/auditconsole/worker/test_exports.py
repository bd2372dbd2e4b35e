"""An export as the worker writes it: a whole file, private, with its true digest; or none at all."""

import hashlib
import json
import signal
import stat

from django.test import Client

from accounts.models import User
from investigations.exports import services as exports
from investigations.models import Export, Run
from investigations.runs import jobs
from tests.auditconsole.worker.conftest import EVENTS, Worker, wait_until
from tests.auditconsole.worker.test_runs import EVERY_ID, await_end, let_the_lease_pass, start


def finished_run(by: User) -> Run:
    return await_end(start(by))


def await_first_lines(export: Export) -> Export:
    def has_begun() -> bool:
        export.refresh_from_db()
        return export.done > 0

    wait_until(has_begun, "the first lines")
    assert export.state == Export.State.RUNNING
    return export


def await_export(export: Export) -> Export:
    def is_over() -> bool:
        export.refresh_from_db()
        return export.is_over

    wait_until(is_over, "the end of the export")
    return export


def test_the_worker_writes_the_whole_file_and_its_digest_is_the_files(
    worker: Worker, alice: User, client: Client
) -> None:
    export = await_export(exports.start(format="jsonl", by=alice, run=finished_run(alice)))
    assert (export.state, export.done) == (Export.State.FINISHED, EVENTS)
    client.force_login(alice)
    content = b"".join(client.get(f"/exports/{export.public_id}/file/").streaming_content)
    assert hashlib.sha256(content).hexdigest() == export.sha256
    assert len(content) == export.size
    assert [json.loads(line)["event"]["event"]["id"] for line in content.splitlines()] == EVERY_ID
    assert stat.S_IMODE(exports.build_path(export).stat().st_mode) == 0o600


def test_a_cancelled_export_leaves_no_file(worker: Worker, alice: User) -> None:
    export = await_first_lines(exports.start(format="csv", by=alice, run=finished_run(alice)))
    exports.cancel(export=export, by=alice)
    await_export(export)
    assert export.state == Export.State.CANCELLED
    assert list(exports.build_path(export).parent.glob(f"{export.public_id}*")) == []


def test_an_export_that_a_killed_worker_left_is_written_anew_and_whole(worker: Worker, alice: User) -> None:
    export = await_first_lines(exports.start(format="jsonl", by=alice, run=finished_run(alice)))
    worker.end(signal.SIGKILL)
    assert not exports.build_path(export).exists()
    worker.start()
    let_the_lease_pass(export)
    assert jobs.resume() == 1
    await_export(export)
    assert export.state == Export.State.FINISHED
    content = exports.build_path(export).read_bytes()
    assert hashlib.sha256(content).hexdigest() == export.sha256
    assert len(content.splitlines()) == EVENTS
    assert list(exports.build_path(export).parent.glob(f"{export.public_id}*")) == [exports.build_path(export)]
