"""Writes an export as JSON Lines (https://jsonlines.org): one event a line, whole, as the trail holds it."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.rows import ExportRow


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """Each row as `{"event": …, "digest": …, "sentence": …, "leaf": …, "evidence": …}`, and that it is an entry.

    `digest` is that of the event's canonical form, `leaf` its number in the sealed log, `sentence` is made by the console.
    What is no event has its `statement` in the place of an event. What was redacted names the profile as its `redaction`.
    """
    for row in rows:
        content = {"event": row.document} if row.statement is None else {"statement": row.statement}
        record: dict[str, Any] = {**content, "digest": {"sha256": row.digest}, "sentence": row.write_sentence()}
        if row.leaf is not None:
            record["leaf"] = row.leaf
        if evidence := row.evidence_fields():
            record["evidence"] = evidence
        if row.redaction:
            record["redaction"] = row.redaction
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE), True
