"""The published test vectors of the bundle format: made anew by `python -m tests.support.vector_set`, the same bytes each time.

Which exit status a bundle has is said here by hand; what a verifier says of it is what verify_bundle.py says.
"""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import verify_bundle
from tests.support import bundle_custody_cases, bundle_json_cases, bundle_redaction_cases, bundle_vectors
from tests.support.bundle_vector_cases import ANY_WITNESS, Given, Vector, list_cases

FOLDER = Path(__file__).parents[2] / "docs" / "trail" / "vectors"
FORMAT = "audit-trail-bundle-vectors/v1"


@cache
def list_vectors() -> list[Vector]:
    """Every vector, in the order of their names."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = bundle_vectors.sound(folder)
        bad = bundle_vectors.tampered(folder, good["rotated"]) | bundle_vectors.misstated(good["absence"])
        vectors = [Vector(f"sound-{stem}", 0, content, ANY_WITNESS) for stem, content in good.items()]
        vectors += [Vector(f"tampered-{stem}", 1, content, Given(needed="1")) for stem, content in bad.items()]
        vectors += [*list_cases(folder, good), *bundle_json_cases.list_cases(good["alone"])]
        vectors += bundle_custody_cases.list_cases(folder)
        vectors += bundle_redaction_cases.list_cases(folder)
    return sorted(vectors)


def judge(content: bytes, given: Given) -> tuple[int, list[str], list[verify_bundle.Finding]]:
    """What verify_bundle.py makes of a bundle: status, lines, and the first findings."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            options = verify_bundle.read_options(*given)
            return verify_bundle.judge(Path(file.name), options)
        except verify_bundle.Unusable as unusable:
            return 2, [str(unusable)], []


def files() -> dict[str, bytes]:
    """Everything that the generator puts into the folder, by path. Raises AssertionError where a verdict is another."""
    sound = [vector for vector in list_vectors() if vector.name.startswith("sound-")]
    written = {vector.content: f"bundles/{vector.name}.jsonl" for vector in sound}
    told: list[dict[str, Any]] = []
    for vector in list_vectors():
        path = written.setdefault(vector.content, f"bundles/{vector.name}.jsonl")
        status, lines, findings = judge(vector.content, vector.given)
        assert status == vector.status, (vector.name, status, lines)
        told.append(
            {
                "name": vector.name,
                "bundle": path,
                "keys": vector.given.keys,
                "witnesses": vector.given.witnesses,
                "needed": vector.given.needed,
                "console_keys": vector.given.console_keys,
                "signed_from": vector.given.signed_from,
                "status": status,
                "findings": [{"line": finding.line, "reason": finding.reason} for finding in findings],
                "says": lines,
            }
        )
    index = {"format": FORMAT, "reasons": verify_bundle.REASONS, "vectors": told}
    return {
        "vectors.json": json.dumps(index, indent=1, ensure_ascii=False).encode() + b"\n",
        **{path: content for content, path in written.items()},
    }


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(content)
