"""What people and the schedule do to the sealed log: rotate its key, adopt an index that was restored, verify the trail."""

import uuid
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from accounts.journal import record, trail
from accounts.models import User
from operations.journal import Action
from operations.models import Adoption, Cursor, Stretch, Verification
from operations.sealing import verifying
from operations.sealing.errors import LogBusy, NotAdopted
from operations.sealing.keys import Key, Rotation
from operations.sealing.log import Log
from operations.sealing.naming import Names, sentence
from operations.sealing.spans import Atlas
from operations.sealing.verifying import Ranges
from operations.services import incidents
from operations.services.incidents import Kind
from trail import comparing
from trail.comparing import LEAVES, Chunk, Sealed
from trail.errors import TrailError, WriteRefused, WriteUnknown
from trail.integrity.audit import Tampered

EVERY = 600  # seconds between two scheduled comparisons


def rotate_key(*, by: User) -> str:
    """Make a new key, which signs from the checkpoint on under which the event that says so is sealed; the event's id.

    A second call while a key waits tells of the same key again. Raises LogDamaged, LogBusy, TrailUnavailable and
    WriteRefused.
    """
    log = Log()
    with log.alone("rotating", "A new key is being made already; see what comes of that."):
        return _rotate_key(log, by)


def _rotate_key(log: Log, by: User) -> str:
    current = log.keys.current()
    rotation = log.keys.waiting()
    if rotation is None:
        rotation = Rotation(f"console-{uuid.uuid4()}", datetime.now(UTC), Key.generate(current.origin))
        log.keys.announce(rotation)
    old, new = current.verifiers, rotation.key.verifiers
    labels = {"old": str(old[0]), "old_cosigner": str(old[1]), "new": str(new[0]), "new_cosigner": str(new[1])}
    try:
        return record(
            Action.LOG_ROTATE, by=by, resource=("key", new[0].key_id.hex()), labels=labels,
            at=rotation.at, event_id=rotation.event_id,
        )  # fmt: skip
    except WriteUnknown:
        raise  # it may be found later, and then the key must be there
    except WriteRefused:
        log.keys.withdraw()
        raise


def adopt_index(index: str, *, by: User, reason: str) -> tuple[int, int]:
    """Go on sealing an index that was restored, after every sealed event in it was compared with the log.

    How many were compared, and how many that were sealed it does not hold. Raises NotAdopted, TrailUnavailable,
    WriteRefused and LogDamaged.
    """
    atlas, log = Atlas(trail()), Log()
    cursors = {one.shard: one for one in Cursor.objects.filter(index=index)}
    shards = [one for one in atlas.shards if one.index == index]
    if not cursors or {one.number for one in shards} < cursors.keys():
        raise NotAdopted(f"{index} is no index of sealed events, or does not answer.")
    if all(cursors[one.number].uuid == one.uuid for one in shards if one.number in cursors):
        raise NotAdopted(f"{index} is the index that was sealed; there is nothing to adopt.")
    upto = {one.number: min(cursors[one.number].seq, one.settled) for one in shards if one.number in cursors}
    compared = _compare(atlas, log, index, upto)
    lost = sum(one.count for one in Stretch.objects.filter(index=index)) - compared
    with transaction.atomic():
        for shard in (one for one in shards if one.number in cursors):
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
            cursor.save()
        labels = {"compared": str(compared), "lost": str(lost), "uuid": atlas.there[index]}
        record(Action.INDEX_ADOPT, by=by, resource=("index", index), labels=labels)
    incidents.over(Kind.TAMPERED, index, f"Adopted by {by.name}.")
    return compared, lost


def _compare(atlas: Atlas, log: Log, index: str, upto: dict[int, int]) -> int:
    """How many events of an index are what was sealed. Raises NotAdopted where one is not."""
    sealed, names, compared = Sealed(log.folder, verifying.trusted(log).size), Names(), 0
    for stretch in Stretch.objects.filter(index=index).iterator():
        span = atlas.span(stretch, at_most=upto.get(stretch.shard, -1) - stretch.first_seq + 1)
        for start in range(span.first_leaf, span.first_leaf + span.readable, LEAVES):
            chunk = Chunk(start, min(start + LEAVES, span.first_leaf + span.readable), (span,))
            verdict = comparing.compare(atlas.trail, sealed, chunk)
            if isinstance(verdict, Tampered):
                names.take(log, atlas.trail, sealed, chunk, verdict)
            compared += chunk.end - chunk.start
    if found := list(names.findings()):
        raise NotAdopted(f"{index} is not what was sealed: {'; '.join(map(sentence, found))}.")
    return compared


def verify_next() -> Verification | None:
    """Compare what is new since the last time, and the next part of what is old, so that in VERIFY_DAYS all of it was.

    None where nothing is sealed yet, or another comparison is at work. That it cannot be done is an incident.
    """
    log = Log()
    if log.note() is None:
        return None
    try:
        with verifying.alone(log):
            done = verifying.run(log, verifying.begin(log, Verification.Kind.SCHEDULED, next_ranges(log)))
    except LogBusy:
        return None
    except TrailError as error:
        incidents.failed(Kind.CHECK, verifying.SUBJECT, f"The trail could not be compared with the log: {error}")
        return None
    incidents.over(Kind.CHECK, verifying.SUBJECT)
    return done


def next_ranges(log: Log) -> Ranges:
    """What is new, then a part of what was there before, which begins where the last one ended."""
    last = Verification.objects.filter(kind=Verification.Kind.SCHEDULED).exclude(finished_at=None).first()
    size = verifying.trusted(log).size
    if last is None:
        return verifying.whole(log)
    ended = last.ranges[-1][1] if last.ranges else 0
    start = ended if ended < last.size else 0
    part = max(LEAVES, last.size * EVERY // (settings.VERIFY_DAYS * 86_400) + 1)
    old = [start, min(start + part, last.size)]
    return [one for one in ([last.size, size], old) if one[0] < one[1]]
