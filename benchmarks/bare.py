"""The bare engine: what a service would do with the engine alone, as fast as its own client does it."""

import http.client
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from trail.mapping import template


def client(url: str) -> OpenSearch:
    """The plain client as it comes; only patient enough for a slow machine."""
    return OpenSearch([url], timeout=120, pool_maxsize=16)


class Raw:
    """Bytes to the engine and bytes back over one connection: no client, nothing understood."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)

    def search(self, index: str, body: bytes) -> bytes:
        path = f"/{index}/_search?allow_partial_search_results=false&expand_wildcards=open"
        self.connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content.decode())
        return content

    def send(self, method: str, path: str, body: bytes) -> bytes:
        """A request as somebody else put it."""
        kind = "application/x-ndjson" if "_msearch" in path else "application/json"
        self.connection.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content.decode())
        return content

    def search_all(self, asked: list[tuple[str, bytes]]) -> bytes:
        """Several bodies, each with the indices it is for, in one round trip."""
        heads = (json.dumps({"index": index, "ignore_unavailable": True}).encode() for index, _ in asked)
        self.connection.request(
            "POST",
            "/_msearch",
            b"".join(b"%b\n%b\n" % (head, body) for head, (_, body) in zip(heads, asked, strict=True)),
            {"Content-Type": "application/x-ndjson"},
        )
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content.decode())
        return content


def scan(engine: OpenSearch, index: str, body: dict[str, Any], *, slices: int) -> int:
    """Read everything by slices of one point in time, each in a thread, and throw it away; how many there were."""
    pit = engine.create_pit(index=index, params={"keep_alive": "3m"})["pit_id"]

    def read(number: int) -> int:
        asked = body | {"slice": {"id": number, "max": slices}, "pit": {"id": pit, "keep_alive": "3m"}}
        count = 0
        while hits := engine.search(body=asked)["hits"]["hits"]:
            count += len(hits)
            asked["search_after"] = hits[-1]["sort"]
        return count

    with ThreadPoolExecutor(slices) as pool:
        count = sum(pool.map(read, range(slices)))
    engine.delete_pit(body={"pit_id": [pit]})
    return count


def bulk(engine: OpenSearch, index: str, documents: Iterable[dict[str, Any]]) -> int:
    """Write final documents into a new index of the trail's own mapping and settings; how many went in."""
    like = template("trail")["template"]
    engine.indices.create(index=index, body={"settings": like["settings"], "mappings": like["mappings"]})
    actions = (
        {"_op_type": "create", "_index": index, "_id": document["event"]["id"], "_source": document}
        for document in documents
    )
    return sum(done for done, _ in parallel_bulk(engine, actions))


def drop(engine: OpenSearch, *indices: str) -> None:
    for index in indices:
        for name in engine.indices.get(index=index, params={"allow_no_indices": "true"}):
            engine.indices.delete(index=name)


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
