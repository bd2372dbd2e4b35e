"""JSON Lines (https://jsonlines.org): one event a line, whole, as the trail holds it."""

from collections.abc import Iterable, Iterator

import orjson

from investigations.exports.rows import Row


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """Each row as `{"event": …, "digest": …, "evidence": …}`; `digest` is that of the event's canonical form."""
    for row in rows:
        record = {"event": row.document, "digest": {"sha256": row.digest}}
        if row.evidence:
            record["evidence"] = {
                "number": row.evidence, "reason": row.reason, "pinned_by": row.pinned_by, "pinned_at": row.pinned_at,
            }  # fmt: skip
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
