"""Writes a case as one signed archive: its evidence with proofs, what people wrote, what was asked, its report and its files."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Min

from core.record_key import read_signer
from investigations.attachments.files import build_path, is_as_stored
from investigations.exports.case_description import write_case, write_queries
from investigations.exports.files import read_parts
from investigations.exports.formats import bundle
from investigations.models import Attachment, Case, Export
from investigations.redaction.redactor import Redactor
from investigations.redaction.services import describe_profile
from investigations.reports.content import build_report
from investigations.reports.errors import NotTypeset
from investigations.reports.html import write_html
from investigations.reports.pdf import write_pdf
from investigations.reports.services import read_choice
from operations.models import RecordKey
from operations.sealing import record_keys, signing_keys
from trail.integrity.case_archive import CaseArchive, FileDraft
from trail.integrity.signed_note import Algorithm

EVENTS, CASE, QUERIES = "evidence.bundle.jsonl", "case.json", "queries.json"
# Members of what the manifest says that hold no words of people.
_FIXED = {"id", "number", "exported_at", "export"}
REPORT_HTML, REPORT_PDF, ATTACHMENTS = "report.html", "report.pdf", "attachments/"


class AttachmentLost(Exception):
    """A file that is attached to the case is not there, or not what was attached. The text is a sentence."""


def lines(
    export: Export, keep_claim: Callable[[], None], evidence: list[int], redactor: Redactor | None = None
) -> Iterator[tuple[bytes, bool]]:
    """The archive in parts, with an empty part for each piece of evidence that went into it.

    `keep_claim` is called between its files, and may raise to stop. Raises what `bundle.lines` raises, AttachmentLost, OSError,
    WriteRefused where the key cannot be read that signs. With a `redactor` leaves stand in the place of events, what was
    asked and the attachments are left out, and every text is redacted.
    """
    if export.case is None or export.run is not None:
        raise ValueError("a case bundle is of a case")
    case, archive = export.case, CaseArchive()
    folder = Path(settings.STATE_DIR) / "exports"
    with closing(FileDraft(folder)) as draft:
        for line, is_entry in bundle.lines(export, keep_claim, evidence, redactor):
            draft.write(line)
            if is_entry:
                yield b"", True
        yield from _parts(archive.add(EVENTS, draft))
    texts = ((CASE, write_case(case, redactor)), (QUERIES, write_queries(case, redactor)))
    left_out: dict[str, str] = {}
    for name, content in (*texts, *_write_report(export, case, redactor, left_out)):
        keep_claim()
        yield from _parts(_add(archive, name, content, folder))
    for attachment in _list_attachments(case) if redactor is None else ():
        keep_claim()
        yield from _parts(_add(archive, f"{ATTACHMENTS}{attachment.sha256}", _read_attachment(attachment), folder))
    about = _describe(export, case) | ({"left_out": left_out} if left_out else {})
    if redactor and export.redaction:
        about = redactor.redact(about, _FIXED) | {
            "keys": about["keys"],
            "redaction": describe_profile(export.redaction),
        }
    yield from _parts(archive.finish(about, read_signer()))


def _parts(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    return ((part, False) for part in parts)


def _add(archive: CaseArchive, name: str, content: Iterable[bytes], folder: Path) -> Iterator[bytes]:
    with closing(FileDraft(folder)) as draft:
        for part in content:
            draft.write(part)
        yield from archive.add(name, draft)


def _write_report(
    export: Export, case: Case, redactor: Redactor | None, left_out: dict[str, str]
) -> Iterator[tuple[str, list[bytes]]]:
    """The report as who exports would take it; why a PDF could not be typeset comes into `left_out`, by its name."""
    report = build_report(read_choice(case), export.started_by, export.created_at, redactor)
    yield REPORT_HTML, [write_html(report)]
    try:
        yield REPORT_PDF, [write_pdf(report)]
    except NotTypeset as error:
        left_out[REPORT_PDF] = str(error)


def _list_attachments(case: Case) -> list[Attachment]:
    """Those whose files are there, each content once, in the order of their digests."""
    by_digest = {attachment.sha256: attachment for attachment in case.attachments.not_removed()}
    return [by_digest[digest] for digest in sorted(by_digest)]


def _read_attachment(attachment: Attachment) -> Iterator[bytes]:
    if not is_as_stored(attachment):
        raise AttachmentLost(
            f"The file A{attachment.number} is not what was attached; remove it with a reason, and export again."
        )
    with build_path(attachment.public_id).open("rb") as file:
        yield from read_parts(file)


def _describe(export: Export, case: Case) -> dict[str, Any]:
    """What the manifest says beside the files: of what it is, who made it when, and by which keys it is checked."""
    spans = [span for span in signing_keys.read_history().spans if span.key.algorithm is Algorithm.ED25519]
    signed_from = RecordKey.objects.aggregate(first=Min("first_size"))["first"]
    return {
        "case": {"id": case.public_id, "number": case.number, "title": case.title},
        "exported_by": export.started_by_name,
        "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "export": export.public_id,
        "keys": {
            "console": [str(verifier) for verifier in record_keys.list_verifiers()],
            "signed_from": signed_from,
            "log": [f"{span.key}@{span.first}-{'' if span.last is None else span.last}" for span in spans],
        },
    }
