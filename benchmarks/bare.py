"""Does with the engine alone what the console does, as fast as the engine's own client does it."""

import http.client
import json
import os
from base64 import b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

from trail.mapping import build_template


def client(url: str) -> OpenSearch:
    """The plain client as it comes; only patient enough for a slow machine."""
    return OpenSearch([url], timeout=120, pool_maxsize=16, http_auth=read_credentials())


def read_credentials() -> tuple[str, str] | None:
    """By which the node knows us, where it asks for that."""
    user = os.environ.get("OPENSEARCH_USER")
    return (user, os.environ["OPENSEARCH_PASSWORD"]) if user else None


class Raw:
    """Bytes to the engine and bytes back over one connection: no client, nothing understood."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
        credentials = read_credentials()
        self.headers = (
            {"Authorization": f"Basic {b64encode(':'.join(credentials).encode()).decode()}"} if credentials else {}
        )

    def search(self, index: str, body: bytes) -> bytes:
        """One body to some indices."""
        path = f"/{index}/_search?allow_partial_search_results=false&expand_wildcards=open"
        return self._request("POST", path, body, "application/json")

    def send(self, method: str, path: str, body: bytes) -> bytes:
        """A request as somebody else put it."""
        return self._request(method, path, body, "application/x-ndjson" if "_msearch" in path else "application/json")

    def search_all(self, bodies: list[tuple[str, bytes]]) -> bytes:
        """Several bodies, each with the indices it is for, in one round trip."""
        heads = (json.dumps({"index": index, "ignore_unavailable": True}).encode() for index, _ in bodies)
        lines = (b"%b\n%b\n" % (head, body) for head, (_, body) in zip(heads, bodies, strict=True))
        return self._request("POST", "/_msearch", b"".join(lines), "application/x-ndjson")

    def _request(self, method: str, path: str, body: bytes, kind: str) -> bytes:
        self.connection.request(method, path, body, self.headers | ({"Content-Type": kind} if body else {}))
        response = self.connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(content.decode())
        return content


def scan(engine: OpenSearch, index: str, body: dict[str, Any], *, slices: int) -> int:
    """Read everything in one point in time, by slices each in a thread, and throw it away; how many there were."""
    pit = engine.create_pit(index=index, params={"keep_alive": "3m"})["pit_id"]

    def read(number: int) -> int:
        sliced = body | {"pit": {"id": pit, "keep_alive": "3m"}}
        if slices > 1:  # the engine refuses to part a scan into one
            sliced["slice"] = {"id": number, "max": slices}
        count = 0
        while hits := engine.search(body=sliced)["hits"]["hits"]:
            count += len(hits)
            sliced["search_after"] = hits[-1]["sort"]
        return count

    with ThreadPoolExecutor(slices) as pool:
        count = sum(pool.map(read, range(slices)))
    engine.delete_pit(body={"pit_id": [pit]})
    return count


def bulk(engine: OpenSearch, index: str, documents: Iterable[dict[str, Any]]) -> int:
    """Write final documents into a new index of the trail's own mapping and settings; how many went in."""
    like = build_template("trail")["template"]
    engine.indices.create(index=index, body={"settings": like["settings"], "mappings": like["mappings"]})
    actions = (
        {"_op_type": "create", "_index": index, "_id": document["event"]["id"], "_source": document}
        for document in documents
    )
    return sum(created for created, _ in parallel_bulk(engine, actions))


def drop(engine: OpenSearch, *indices: str) -> None:
    """Delete the indices of these names or patterns."""
    for index in indices:
        for name in engine.indices.get(index=index, params={"allow_no_indices": "true"}):
            engine.indices.delete(index=name)


def encoded(body: dict[str, Any]) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body).encode()
