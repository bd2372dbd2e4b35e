"""Builds the software bill of materials (CycloneDX 1.6) from the locks: packages of Python, jars, bundled programs."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from operations.status.bundled import BundledProgram, list_bundled_programs

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)
NAME = "audit-console"

Component = dict[str, Any]


def build_bill(root: Path = ROOT) -> dict[str, Any]:
    """The document, the same for the same locks."""
    packages = list(list_packages((root / "requirements.txt").read_text()))
    jars = list(list_jars((root / "jgo.lock.toml").read_text()))
    programs = [_describe_program(program) for program in list_bundled_programs()]
    components = [*packages, *jars, *programs]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": NAME, "name": NAME}},
        "components": components,
        "dependencies": [
            {"ref": NAME, "dependsOn": [part["bom-ref"] for part in (*packages, *jars)]},
            *(_describe_origin(program, packages) for program in list_bundled_programs()),
        ],
    }


def list_packages(lock: str) -> Iterator[Component]:
    """Each package of Python that the console runs with; pip checks the lock's hashes of its files."""
    for pinned in PINNED.finditer(lock):
        name, version = re.sub(r"[-_.]+", "-", pinned["name"]).lower(), pinned["version"]
        yield _build_component(f"pkg:pypi/{name}@{quote(version)}", name=name, version=version)


def list_jars(lock: str) -> Iterator[Component]:
    """Each jar of the engine, with its SHA-256."""
    for jar in tomllib.loads(lock)["dependencies"]:
        classifier = f"?classifier={quote(jar['classifier'])}" if jar.get("classifier") else ""
        purl = f"pkg:maven/{jar['groupId']}/{jar['artifactId']}@{quote(jar['version'])}{classifier}"
        component = _build_component(purl, name=jar["artifactId"], version=jar["version"])
        yield component | {"group": jar["groupId"], "hashes": [{"alg": "SHA-256", "content": jar["sha256"]}]}


def _build_component(purl: str, *, name: str, version: str) -> Component:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _describe_program(program: BundledProgram) -> Component:
    purl = f"pkg:generic/{program.name.lower()}@{quote(program.version)}"
    component = _build_component(purl, name=program.name, version=program.version) | {"type": "application"}
    if program.released:
        component["properties"] = [{"name": f"{NAME}:released", "value": program.released.isoformat()}]
    return component


def _describe_origin(program: BundledProgram, packages: list[Component]) -> dict[str, Any]:
    """The package that a program comes in."""
    (package,) = (part["bom-ref"] for part in packages if part["name"] == program.package)
    return {"ref": package, "dependsOn": [_describe_program(program)["bom-ref"]]}
