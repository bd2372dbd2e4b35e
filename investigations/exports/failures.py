"""Puts on record that an export ended without a file."""

from investigations.audit import CaseAction, record, record_in_case
from investigations.models import Export


def record_failure(export: Export, sentence: str) -> None:
    """Of a case in its activity too; `sentence` says why. Raises TrailUnavailable, WriteRefused."""
    labels = {"export": export.public_id, "format": export.format, "failed": sentence[:500]}
    if export.case is None:
        record(CaseAction.EXPORT_FAIL, by=export.started_by, resource=("export", export.public_id), labels=labels)
        return
    summary = f"could not export {export.name} as {export.get_format_display()}: {sentence}"
    record_in_case(CaseAction.EXPORT_FAIL, summary, by=export.started_by, case=export.case, labels=labels)
