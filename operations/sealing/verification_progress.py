"""Says where a verification goes on, by what the log's key signed: a row of one is written by whoever has the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Verification
from operations.sealing.findings import make_finding
from operations.sealing.folder import LogDirectory
from operations.sealing.progress import Values, keep_progress, read_progress

SUBJECT = "verification rows"  # of the incident
EXPIRY = timedelta(hours=24)  # after which what was compared may have changed since


def keep_begun(log: LogDirectory, row: Verification) -> None:
    """That a verification has begun that is to be gone on with if it is cut short."""
    _keep(log, row.kind, {"current": _describe(row), "last": read_last(log, row.kind)})


def keep_step(log: LogDirectory, row: Verification) -> None:
    """How far that one is: called after each part, before its row is saved. Of another one nothing is kept."""
    if (_read(log, row.kind).get("current") or {}).get("row") == row.pk:
        keep_begun(log, row)


def keep_finished(log: LogDirectory, row: Verification) -> None:
    """That a verification has ended; what a row claimed before is of no account any more."""
    finished_at = row.finished_at or timezone.now()
    last = {"size": row.size, "ranges": row.ranges, "finished_at": finished_at.isoformat()}
    current = _read(log, row.kind).get("current")
    _keep(log, row.kind, {"current": current if current and current["row"] != row.pk else None, "last": last})
    for kind in (IncidentKind.TAMPERED, IncidentKind.CHECK):
        incidents.record_recovery(kind, SUBJECT, "It was compared anew.")


def read_last(log: LogDirectory, kind: str) -> Values | None:
    """`size`, `ranges` and `finished_at` of the last verification of a kind that ended; None where there was none."""
    last: Values | None = _read(log, kind).get("last")
    return last


def read_last_end(log: LogDirectory) -> datetime | None:
    """When a verification of any kind ended last."""
    ends = [last["finished_at"] for kind in Verification.Kind.values if (last := read_last(log, kind))]
    return datetime.fromisoformat(max(ends)) if ends else None


def find_resumable(log: LogDirectory, kind: str, ranges: Sequence[list[int]]) -> Verification | None:
    """The row of the verification of these ranges that was cut short, as far as the signed note says that it came.

    A row of which nothing is known is closed, and is an incident where it claims that something was compared; one that is given
    up is removed.
    """
    row = Verification.objects.filter(kind=kind, finished_at=None).first()
    if row is None:
        return None
    current = _read(log, kind).get("current") or {}
    is_known = all(current.get(name) == getattr(row, name) for name in ("size", "root", "ranges"))
    if current.get("row") != row.pk or not is_known or row.done > current["done"]:
        _refuse(row, current)
        return None
    is_same = [bounds[0] for bounds in row.ranges] == [bounds[0] for bounds in ranges]
    if not is_same or timezone.now() - datetime.fromisoformat(current["at"]) > EXPIRY:
        row.delete()
        return None
    row.done, row.events, row.differing = current["done"], current["events"], current["differing"]
    return row


def _refuse(row: Verification, current: Values) -> None:
    """A row that claims more than is known: tampering where the console itself says otherwise of it."""
    if not (row.done or row.differing):
        row.delete()
        return
    parts = f"{row.done:,} part{'s are' if row.done != 1 else ' is'} compared"
    what = f"A verification in the database says that {parts}, and the console knows nothing of it"
    row.finished_at, row.findings = timezone.now(), [make_finding("rows", what)]
    row.save(update_fields=["finished_at", "findings"])
    kind = IncidentKind.TAMPERED if current.get("row") == row.pk else IncidentKind.CHECK
    incidents.record_failure(kind, SUBJECT, f"{what}. It is not gone on with: everything is compared anew.")


def _describe(row: Verification) -> Values:
    return {
        "row": row.pk,
        "size": row.size,
        "root": row.root,
        "ranges": row.ranges,
        "done": row.done,
        "events": row.events,
        "differing": row.differing,
        "at": timezone.now().isoformat(),
    }


def _name(kind: str) -> str:
    return f"verification-{kind}"


def _read(log: LogDirectory, kind: str) -> Values:
    return read_progress(log, _name(kind)) or {}


def _keep(log: LogDirectory, kind: str, values: dict[str, Any]) -> None:
    keep_progress(log, _name(kind), values)
