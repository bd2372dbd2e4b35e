"""The verifier as somebody runs it who has nothing of ours: another folder, isolated, `cryptography` alone to import."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import verify_bundle
from operations.sealing import signing_keys
from trail.integrity.signed_note import Algorithm

GUARD = """
import sys, runpy
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] not in sys.stdlib_module_names | {'cryptography', '_cffi_backend'}:
            raise ImportError(f'{name} is not here')
sys.meta_path.insert(0, Guard())
runpy.run_path('verify_bundle.py', run_name='__main__')
"""


def verify(bundle: bytes, folder: Path, *arguments: str, keys: Iterable[str] | None = None) -> tuple[int, str]:
    """Its exit status and what it says of a bundle, given the log's public keys, or these."""
    folder.mkdir(exist_ok=True)
    shutil.copy(verify_bundle.__file__, folder)
    (folder / "bundle.jsonl").write_bytes(bundle)
    known = [str(key) for key in signing_keys.list_verifiers() if key.algorithm is Algorithm.ED25519]
    given = [part for key in (known if keys is None else keys) for part in ("--key", key)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", GUARD, "bundle.jsonl", *given, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
