"""Keeps what Java works out at every start of the engine (JEP 483), so that the many nodes of the tests start in half the time."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from secrets import token_urlsafe

# Nodes of tests live for minutes: a compiler that thinks longer costs more than it gives back.
_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_ROOT = Path(__file__).parents[2]
_SOURCES = (_ROOT / "jgo.lock.toml", _ROOT / "auditconsole" / "local" / "engine" / "LocalAccessPlugin.java")
_PATIENCE = 300  # seconds that Java may take to write the file
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()
FILE = Path(sys.prefix) / f"engine-{_DIGEST[:12]}.aot"


def options() -> str:
    """What JAVA_TOOL_OPTIONS says to the nodes of tests. A file that does not suit them is passed over by Java."""
    return f"{_OPTIONS} -XX:AOTCache={FILE} -Xlog:aot*=error" if FILE.exists() else _OPTIONS


def make() -> None:
    """Start a node and stop it, and keep what was worked out."""
    from auditconsole.local import opensearch
    from auditconsole.local.ports import find_free_port

    fresh = FILE.with_suffix(".new")
    os.environ["JAVA_TOOL_OPTIONS"] = f"{_OPTIONS} -XX:AOTCacheOutput={fresh}"
    with tempfile.TemporaryDirectory() as folder:
        node = opensearch.Node(Path(folder), http_port=find_free_port(), password=token_urlsafe(), heap="256m")
        with opensearch.run_node(node) as process:
            process.terminate()
            process.wait(_PATIENCE)
    if fresh.exists():
        fresh.rename(FILE)
