"""Starts the real parts of a session, an OpenSearch node and a Redis server, and lends them to its processes.

With several workers the first process starts them. TEST_OPENSEARCH_URL and TEST_REDIS_URL lend some that run already.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from auditconsole.local import opensearch
from auditconsole.local import redis as local_redis
from auditconsole.local.ports import find_free_port

_started = ExitStack()


def lend(folder: Path) -> None:
    """Start what is not lent yet, and say by the environment, which other processes inherit, where it is."""
    if "TEST_OPENSEARCH_URL" not in os.environ:
        node = new_node(folder / "node", heap="1g")
        _started.enter_context(opensearch.run_node(node))
        os.environ["TEST_OPENSEARCH_URL"] = node.url
    if "TEST_REDIS_URL" not in os.environ:
        server = new_redis()
        _started.enter_context(local_redis.run_server(server))
        os.environ["TEST_REDIS_URL"] = server.url


def new_redis() -> local_redis.RedisServer:
    """A server that is not started yet. Its folder lies at the top of the session's, for the path of a socket is short."""
    return local_redis.RedisServer(Path(tempfile.mkdtemp(prefix="redis-")))


def with_database(redis_url: str, number: int) -> str:
    """Another database of the same server."""
    if redis_url.startswith("unix://"):
        return f"{redis_url.partition('?')[0]}?db={number}"
    return f"{redis_url.rpartition('/')[0]}/{number}"


def stop() -> None:
    """Stop what this process has started."""
    _started.close()


def new_node(folder: Path, *, heap: str = "256m") -> opensearch.Node:
    """A node that is not started yet, with a port of its own."""
    return opensearch.Node(folder, http_port=find_free_port(), password=os.environ["OPENSEARCH_PASSWORD"], heap=heap)
