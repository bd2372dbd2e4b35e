"""Measures what an event costs on disk, and what each choice of the mapping adds or saves (docs/trail/cost.md).

    python -m benchmarks.cost --size 100k

Each variant is an index of its own on one node: the same events of the demonstration, written in the same order, merged
into one segment, flushed; then that segment's size by `_segments`, divided by the number of events. Where the bytes lie is
told by the sizes of that segment's files. (Without `_source` the engine keeps the same bytes for a while to recover from, so
what `_source` costs is read from its file, not by switching it off.)
"""

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import TransportError
from opensearchpy.helpers import parallel_bulk

from auditconsole.local.opensearch import run_node
from benchmarks import bare
from benchmarks.sizes import size
from benchmarks.stage import new_node
from operations.demonstration.generator import Demonstration, generate_events
from trail.mapping import build_template

INGESTED = "2026-11-24T09:30:00.123456Z"
UNTIL = datetime(2026, 11, 24, tzinfo=UTC)
Body = dict[str, Any]
Change = Callable[[Body], None]


def _setting(**changed: Any) -> Change:
    def change(body: Body) -> None:
        for name, value in changed.items():
            key = "index." + name.replace("__", ".")
            if value is None:
                body["settings"].pop(key, None)
            else:
                body["settings"][key] = value

    return change


def _no_sort(body: Body) -> None:
    _setting(sort__field=None, sort__order=None)(body)


def _every_field(of_type: str, **options: Any) -> Change:
    """Change every field of one type, as far down as it goes; what the index is sorted by keeps its order."""

    def change(body: Body) -> None:
        stack = [("", body["mappings"]["properties"])]
        while stack:
            path, properties = stack.pop()
            for name, field in properties.items():
                if "properties" in field:
                    stack.append((f"{path}{name}.", field["properties"]))
                elif field["type"] == of_type and f"{path}{name}" not in ("event.id", "@timestamp"):
                    field |= options

    return change


def _opaque(**options: Any) -> Change:
    def change(body: Body) -> None:
        properties = body["mappings"]["properties"]
        caveats = properties["token"]["properties"]["caveats"]["properties"]
        for field in (properties["event"]["properties"]["original"], caveats["json"]):
            field |= options

    return change


def _unsearchable(*names: str) -> Change:
    def change(body: Body) -> None:
        for name in names:
            body["mappings"]["properties"][name] = {"type": "object", "enabled": False}

    return change


# Each with what is changed in the index, and which fields of a document are left out.
VARIANTS: dict[str, tuple[Change, tuple[str, ...]]] = {
    "as it is": (lambda body: None, ()),
    "codec default (LZ4) instead of best_compression": (_setting(codec="default"), ()),
    "no index sort": (_no_sort, ()),
    "keywords not indexed (no search by a value)": (_every_field("keyword", index=False), ()),
    "keywords without doc values (no facets, no sorting)": (_every_field("keyword", doc_values=False), ()),
    "opaque texts with doc values": (_opaque(doc_values=True), ()),
    "wildcard fields as keywords": (_every_field("wildcard", type="keyword"), ()),
    "raw kept and not searchable": (_unsearchable("raw"), ()),
    "labels kept and not searchable": (_unsearchable("labels"), ()),
    "without raw": (lambda body: None, ("raw",)),
    "without event.original": (lambda body: None, ("event.original",)),
    "without both": (lambda body: None, ("raw", "event.original")),
}  # fmt: skip


def events(size_: int, kind: str) -> Iterator[Body]:
    """The demonstration as it is, or each event as an import keeps it: with its source record, as text and searchable."""
    for document in islice(generate_events(Demonstration(size_, 1, UNTIL)), size_):
        document = document.document if hasattr(document, "document") else document
        stored = {**document, "event": {**document["event"], "ingested": INGESTED}}
        if kind == "imported":
            stored["event"]["original"] = json.dumps(document, separators=(",", ":"))
            stored["raw"] = document
        yield stored


def measure_variant(
    engine: OpenSearch, size_: int, kind: str, change: Change, left_out: tuple[str, ...]
) -> dict[str, float] | str:
    """Bytes for one event; or the engine's words where it does not know this choice."""
    body = copy.deepcopy(build_template("cost")["template"])
    del body["aliases"]
    change(body)
    try:
        engine.indices.create(index="cost", body=body)
    except TransportError as error:
        return str(error)
    try:
        actions = (
            {
                "_op_type": "create",
                "_index": "cost",
                "_id": event["event"]["id"],
                "_source": _leave_out(event, left_out),
            }
            for event in events(size_, kind)
        )
        for created, item in parallel_bulk(engine, actions, thread_count=2, chunk_size=500, raise_on_error=False):
            if not created:
                raise RuntimeError(str(item))
        engine.indices.refresh(index="cost")
        engine.indices.forcemerge(index="cost", params={"max_num_segments": 1})
        engine.indices.flush(index="cost", params={"force": "true"})
        engine.indices.refresh(index="cost")
        _await_one_segment(engine)
        return _measure_files(engine, size_)
    finally:
        engine.indices.delete(index="cost")


def _await_one_segment(engine: OpenSearch) -> None:
    """Wait until one segment is left."""
    while True:
        (copies,) = engine.indices.segments(index="cost")["indices"]["cost"]["shards"].values()
        if sum(segment["search"] for segment in copies[0]["segments"].values()) == 1:
            return
        time.sleep(0.2)


# What lies in which of Lucene's files (https://lucene.apache.org/core/10_0_0/core/org/apache/lucene/codecs/package-summary.html).
FILES = {
    "stored text (_source, _id)": ("fdt", "fdx", "fdm"),
    "doc values (facets, sorting)": ("dvd", "dvm"),
    "terms and postings (search by value)": ("tim", "tip", "tmd", "doc", "pos", "pay", "psm"),
    "points (times, numbers, addresses)": ("kdd", "kdi", "kdm"),
}


def _measure_files(engine: OpenSearch, size_: int) -> dict[str, float]:
    """Bytes for one event by what they are for."""
    options = {"include_segment_file_sizes": "true"}
    stats = engine.indices.stats(index="cost", metric="segments", params=options)
    sizes = stats["indices"]["cost"]["primaries"]["segments"]["file_sizes"]
    kinds = {
        kind: sum(sizes.pop(name, {}).get("size_in_bytes", 0) for name in names) / size_
        for kind, names in FILES.items()
    }
    return kinds | {"the rest": sum(file["size_in_bytes"] for file in sizes.values()) / size_}


def _leave_out(document: Body, left_out: tuple[str, ...]) -> Body:
    less = {**document, "event": dict(document["event"])}
    for name in left_out:
        *path, last = name.split(".")
        (less[path[0]] if path else less).pop(last, None)
    return less


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=size, default=100_000, help="events of each variant")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="console-cost-") as name:
        node = new_node(Path(name) / "node")
        with run_node(node):
            engine = bare.client(node.url)
            for kind in ("demonstration", "imported"):
                texts = sum(len(json.dumps(event, separators=(",", ":"))) for event in events(options.size, kind))
                print(f"\n{kind}: {options.size:,} events, {texts / options.size:,.0f} bytes of JSON each\n")
                print("| variant | bytes an event | to as it is |\n|---|---:|---:|")
                first: dict[str, float] = {}
                for what, (change, left_out) in VARIANTS.items():
                    if left_out and kind != "imported":
                        continue
                    sizes_ = measure_variant(engine, options.size, kind, change, left_out)
                    if isinstance(sizes_, str):
                        print(f"| {what} | refused | {sizes_} |", flush=True)
                        continue
                    bytes_ = sum(sizes_.values())
                    first = first or sizes_
                    whole = sum(first.values())
                    print(f"| {what} | {bytes_:,.0f} | {100 * (bytes_ - whole) / whole:+.0f} % |", flush=True)
                print("\n| of it as it is | bytes an event |\n|---|---:|")
                for part, bytes_ in first.items():
                    print(f"| {part} | {bytes_:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
