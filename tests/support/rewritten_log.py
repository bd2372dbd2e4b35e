"""Does what somebody can do who writes the log's folder and the database and holds the key: make another history that fits."""

import shutil
import time
from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from operations.models import Checkpoint as Row
from operations.models import Cursor, SealedRange
from operations.sealing.folder import LogDirectory
from tests.support.log_keys import read_key, sign_checkpoint
from trail import arrivals
from trail.connection import Trail
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import FileStore, Tree

TABLES = ("publication", "checkpoint", "sealedrange", "cursor", "cosignature", "verification")


def wipe_rows(*tables: str) -> None:
    """Delete all rows of these tables, past everything that keeps them."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM operations_{table}")


def sign_history(log: LogDirectory, leaves: Sequence[bytes], ids: Sequence[str]) -> Checkpoint:
    """Put another tree, its ids and its checkpoint in the place of the log's own, signed with the log's key."""
    for name in ("tile", "ids"):
        shutil.rmtree(log.folder / name, ignore_errors=True)
    size, root = Tree(FileStore(log.folder)).append(leaves)
    log.append_ids(0, ids)
    key = read_key(log)
    signed = Checkpoint(key.origin, size, root)
    log.put(sign_checkpoint(signed, [key], int(time.time())))
    return signed


def rewrite_history(log: LogDirectory, trail: Trail) -> Checkpoint:
    """Make folder and rows say that what the trail holds now is what was sealed from the beginning."""
    shards = [shard for shard in arrivals.list_shards(trail) if shard.settled >= 0]
    for shard in shards:
        arrivals.refresh(trail, {shard.index})
    read = [
        (
            shard,
            [
                event
                for window in arrivals.read_windows(trail, shard.index, shard.number, 0, shard.settled)
                for event in window.events
            ],
        )
        for shard in shards
    ]
    events = [event for _, some in read for event in some]
    signed = sign_history(log, [event.leaf for event in events], [event.event_id for event in events])
    wipe_rows(*TABLES)
    leaf = 0
    for shard, some in read:
        place = {"index": shard.index, "uuid": shard.uuid, "shard": shard.number}
        SealedRange.objects.create(first_leaf=leaf, count=len(some), first_seq=0, **place)
        Cursor.objects.create(seq=shard.settled, events=len(some), **place)
        leaf += len(some)
    note = log.note() or b""
    Row.objects.create(size=signed.size, root=signed.root.hex(), at=timezone.now(), note=note.decode())
    return signed
