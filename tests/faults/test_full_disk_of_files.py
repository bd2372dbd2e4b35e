"""A disk that is full while a file is written that people made or asked for: one sentence, and no half file."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains

from accounts.models import User
from core.errors import Refused
from core.record_key import read_signer
from investigations.attachments import services as attachments
from investigations.case_import import services as case_imports
from investigations.exports import services as exports
from investigations.models import Attachment, Case, CaseUpload, Export, ForeignCase
from tests.investigations.case_import.test_case_import import accept, count_rows, work_on
from tests.investigations.exports.test_case_bundle import export_case_bundle, fill
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from tests.support.pages import audit_log
from trail.connection import Trail

SIZE = 2 * 1024 * 1024
FULL = os.strerror(errno.ENOSPC)
Seal = Callable[[], object]


@pytest.fixture
def disk(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 2 MB, on which the files of people lie, and what is written on the way to them."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(mounted)]
    if os.geteuid() or subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("a small file system can be mounted by root only")
    settings.ATTACHMENTS_DISK_RESERVE = 0
    yield mounted
    monkeypatch.undo()
    subprocess.run(["umount", str(mounted)], check=True)


def use_disk(disk: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATE_DIR = disk
    monkeypatch.setattr(tempfile, "tempdir", str(disk))


def list_files(disk: Path) -> list[Path]:
    """All but the console's own key, and what fills the disk."""
    return [path for path in disk.rglob("*") if path.is_file() and path.name not in ("record_key", "ballast")]


def leave_room(disk: Path, size: int) -> None:
    """Fill the disk but for so many bytes."""
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - size))


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx", "parquet", "stix", "ocsf", "case_bundle"])
def test_an_export_says_so_on_record_and_leaves_nothing(
    format: str,
    disk: Path,
    trail: Trail,
    case: Case,
    alice: User,
    seal: Seal,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pin(trail, case, alice, *(use("t", id=f"e{number}", user__id=os.urandom(200).hex()) for number in range(100)))
    seal()
    use_disk(disk, settings, monkeypatch)
    read_signer()
    leave_room(disk, 8 * 1024)
    export = exports.start(format=format, by=alice, case=case)
    exports.write_export(export.pk)
    export.refresh_from_db()
    assert export.state == Export.State.FAILED
    assert export.problem == f"The file could not be written: {FULL}. See to the disk and export again."
    assert list_files(disk) == []
    (event,) = audit_log(trail, "export.fail")
    assert FULL in event["labels"]["failed"]


def test_an_attachment_and_an_upload_are_refused_with_a_sentence_and_leave_nothing(
    disk: Path, trail: Trail, case: Case, alice: User, lea: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_disk(disk, settings, monkeypatch)
    chunks = [os.urandom(64 * 1024)] * 64
    for keep in (
        lambda: attachments.attach_file(case=case, name="x", chunks=chunks, by=alice),
        lambda: case_imports.take_upload(name="x", chunks=chunks, by=lea),
    ):
        with pytest.raises(Refused, match=f"The file could not be kept: {FULL}. Tell an admin."):
            keep()
    assert list_files(disk) == []
    assert not Attachment.objects.exists()
    assert not CaseUpload.objects.exists()


def test_a_page_that_takes_a_file_says_so_too(
    disk: Path,
    trail: Trail,
    case: Case,
    alice: User,
    lea: User,
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_disk(disk, settings, monkeypatch)
    content = os.urandom(2 * SIZE)
    for person, address in ((alice, f"/cases/{case.public_id}/attachments/"), (lea, "/case-imports/")):
        client.force_login(person)
        words = {"file": SimpleUploadedFile("x", content), "description": ""}
        assertContains(
            client.post(address, words), f"The file could not be kept: {FULL}. Tell an admin.", status_code=400
        )
    assert list_files(disk) == []
    assert not Attachment.objects.exists()
    assert not CaseUpload.objects.exists()


def test_an_import_whose_attachments_find_no_room_is_wholly_undone(
    disk: Path,
    trail: Trail,
    case: Case,
    alice: User,
    lea: User,
    seal: Seal,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attachments.attach_file(case=case, name="x", chunks=[os.urandom(60 * 1024)], by=alice)
    fill(case, alice, trail, seal)
    file = export_case_bundle(case, alice)
    use_disk(disk, settings, monkeypatch)
    made = case_imports.take_upload(name="x", chunks=[file], by=lea)
    assert work_on(made).state == "finished"
    made.refresh_from_db()
    accept(made, lea)
    before = count_rows()
    leave_room(disk, 40 * 1024)
    case_imports.start_import(upload=made, by=lea)
    job = work_on(made)
    assert (job.state, FULL in job.problem) == ("failed", True)
    assert count_rows() == before
    assert not ForeignCase.objects.exists()
    assert sorted(path.name for path in list_files(disk)) == [made.public_id]
