"""Changes and verifies the sealed log for people and the schedule: rotates its key, adopts an index, compares the trail."""

import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core.audit import record
from core.connection import trail
from operations.audit import OperationsAction
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Adoption, Cursor, SealedRange, Verification
from operations.sealing import verification, verification_progress
from operations.sealing.errors import KeyUnusable, LogBusy, LogDamaged, NotAdopted
from operations.sealing.findings import Names, describe_finding
from operations.sealing.folder import LogDirectory
from operations.sealing.intervals import VERIFIED_EVERY
from operations.sealing.kept_checkpoints import read_trusted_checkpoint
from operations.sealing.ranges import Atlas, count_sealed
from operations.sealing.signing_keys import KeyHistory
from operations.sealing.verification import Ranges
from trail import verification as trail_verification
from trail.errors import TrailError, WriteRefused, WriteUnknown
from trail.integrity.leaf_comparison import Tampered
from trail.integrity.verdict import Broken
from trail.verification import LEAVES, Chunk, SealedLog


def rotate_key(*, by: User) -> str:
    """Make a new key, which signs from the checkpoint on under which the event that says so is sealed; the event's id.

    A second call while a key waits tells of the same key again. Raises LogDamaged, LogBusy, TrailUnavailable and
    WriteRefused.
    """
    log = LogDirectory()
    with log.alone("rotating", "A new key is being made already; see what comes of that."):
        return _rotate_key(log, by)


def _rotate_key(log: LogDirectory, by: User) -> str:
    current = log.keys.current()
    rotation = log.keys.waiting()
    if rotation is None:
        rotation = log.keys.announce(f"console-{uuid.uuid4()}", datetime.now(UTC))
    old, new = current, rotation.verifiers
    labels = {
        f"{which}{kind}": str(verifier)
        for which, key in (("old", old), ("new", new))
        for kind, verifier in zip(("", "_cosigner", "_ml_dsa"), key, strict=False)  # an old key may have no third
    }
    try:
        return record(
            OperationsAction.LOG_ROTATE,
            by=by,
            resource=("key", new[0].key_id.hex()),
            labels=labels,
            at=rotation.at,
            event_id=rotation.event_id,
        )
    except WriteUnknown:
        raise  # it may be found later, and then the key must be there
    except WriteRefused:
        log.keys.withdraw()
        raise


def pin_keys(lines: list[str], *, by: User) -> None:
    """Have the key that signs now sign which keys the log had: `SIZE KEY` each, the oldest first.

    Raises KeyUnusable for what is no such list, or does not end with that key; WriteRefused.
    """
    keys = LogDirectory().keys
    current = keys.current()
    history = KeyHistory.parse_lines(current[0].name, lines)
    if isinstance(history, Broken):
        raise KeyUnusable(f"These are not the keys of a log: {history.reason}.")
    if history.keys[-1][1] != current:
        raise KeyUnusable(f"The last of these keys is not {keys.path}, which signs now.")
    record(
        OperationsAction.LOG_KEYS_PIN,
        by=by,
        resource=("key", current[0].key_id.hex()),
        labels={"keys": history.lines()},
    )
    keys.pin(history)


def adopt_index(index: str, *, by: User, reason: str) -> tuple[int, int]:
    """Go on sealing an index that was restored, after every sealed event in it was compared with the log.

    How many were compared, and how many that were sealed it does not hold. Raises NotAdopted, TrailUnavailable,
    WriteRefused and LogDamaged.
    """
    atlas, log = Atlas(trail()), LogDirectory()
    cursors = {cursor.shard: cursor for cursor in Cursor.objects.filter(index=index)}
    shards = [shard for shard in atlas.shards if shard.index == index]
    if not cursors or {shard.number for shard in shards} < cursors.keys():
        raise NotAdopted(f"{index} is no index of sealed events, or does not answer.")
    if all(cursors[shard.number].uuid == shard.uuid for shard in shards if shard.number in cursors):
        raise NotAdopted(f"{index} is the index that was sealed; there is nothing to adopt.")
    upto = {shard.number: min(cursors[shard.number].seq, shard.settled) for shard in shards if shard.number in cursors}
    compared = _compare(atlas, log, index, upto)
    lost = sum(sealed.count for sealed in SealedRange.objects.filter(index=index)) - compared
    with transaction.atomic():
        for shard in (shard for shard in shards if shard.number in cursors):
            cursor = cursors[shard.number]
            Adoption.objects.create(
                index=index,
                shard=shard.number,
                uuid=shard.uuid,
                was=cursor.uuid,
                upto=upto[shard.number],
                reason=reason,
            )
            cursor.uuid, cursor.seq = shard.uuid, upto[shard.number]
            cursor.events = count_sealed(index, shard.number, cursor.seq)
            cursor.save()
        labels = {"compared": str(compared), "lost": str(lost), "uuid": atlas.there[index]}
        record(OperationsAction.INDEX_ADOPT, by=by, resource=("index", index), labels=labels)
    incidents.record_recovery(IncidentKind.TAMPERED, index, f"Adopted by {by.name}.")
    return compared, lost


def _compare(atlas: Atlas, log: LogDirectory, index: str, upto: dict[int, int]) -> int:
    """How many events of an index are what was sealed. Raises NotAdopted where one is not."""
    sealed, names, compared = SealedLog(log.folder, read_trusted_checkpoint(log).size), Names(), 0
    for sealed_range in SealedRange.objects.filter(index=index).iterator():
        span = atlas.span(sealed_range, at_most=upto.get(sealed_range.shard, -1) - sealed_range.first_seq + 1)
        for start in range(span.first_leaf, span.first_leaf + span.readable, LEAVES):
            chunk = Chunk(start, min(start + LEAVES, span.first_leaf + span.readable), (span,))
            verdict = trail_verification.compare_chunk(atlas.trail, sealed, chunk)
            if isinstance(verdict, Tampered):
                names.take(log, atlas.trail, sealed, chunk, verdict)
            names.take_contradictions(trail_verification.read_contradicting(atlas.trail, chunk))
            compared += chunk.end - chunk.start
    if differences := list(names.findings()):
        raise NotAdopted(f"{index} is not what was sealed: {'; '.join(map(describe_finding, differences))}.")
    return compared


def verify_next_part() -> Verification | None:
    """Compare what is new since the last time, and the next part of what is old, so that in VERIFY_DAYS all of it was.

    None where nothing is sealed yet, or another comparison is at work. That it cannot be done is an incident, whatever kept it;
    an outage is that of the engine. Raises what is no error of the trail or of the log.
    """
    log = LogDirectory()
    if log.note() is None:
        return None
    try:
        with verification.lock_verification(log):
            comparison = verification.run_verification(
                log, verification.begin_verification(log, Verification.Kind.SCHEDULED, choose_next_ranges(log))
            )
    except LogBusy:
        return None
    except Exception as error:
        record_failed_verification(error)
        if isinstance(error, TrailError):
            return None
        raise
    return comparison


def record_failed_verification(error: Exception) -> None:
    """Put on record that the trail could not be compared with the log; where the engine is down, that it is."""
    if incidents.is_trail_outage(error):
        incidents.record_trail_outage(error, writer="verification", events=0)
        return
    is_damaged = isinstance(error, LogDamaged) and not isinstance(error, KeyUnusable)
    kind = IncidentKind.TAMPERED if is_damaged else IncidentKind.CHECK
    what = f"The trail could not be compared with the log: {str(error) or type(error).__name__}"
    with incidents.best_effort():
        incidents.record_failure(kind, verification.LOG_SUBJECT if is_damaged else verification.SUBJECT, what)


def choose_next_ranges(log: LogDirectory) -> Ranges:
    """What is new, then a part of what was there before, which begins where the last one ended."""
    last = verification_progress.read_last(log, Verification.Kind.SCHEDULED)
    size = read_trusted_checkpoint(log).size
    if last is None:
        return verification.choose_whole_log(log)
    ended = last["ranges"][-1][1] if last["ranges"] else 0
    start = ended if ended < last["size"] else 0
    part = max(LEAVES, int(last["size"] * (VERIFIED_EVERY / timedelta(days=settings.VERIFY_DAYS))) + 1)
    old = [start, min(start + part, last["size"])]
    return [bounds for bounds in ([last["size"], size], old) if bounds[0] < bounds[1]]
