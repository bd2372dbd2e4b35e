"""JSON Lines (https://jsonlines.org): one event a line, whole, as the trail holds it."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.rows import Row


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """Each row as `{"event": …, "digest": …, "leaf": …, "evidence": …}`; `digest` is that of the event's canonical form,
    `leaf` its number in the sealed log. An absence has its `statement` in the place of an event."""
    for row in rows:
        what = {"event": row.document} if row.statement is None else {"statement": row.statement}
        record: dict[str, Any] = {**what, "digest": {"sha256": row.digest}}
        if row.leaf is not None:
            record["leaf"] = row.leaf
        if said := row.said():
            record["evidence"] = said
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
