"""Keeps an uploaded case bundle in a folder of its own and verifies it, with the program that anybody verifies one with."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
from django.conf import settings

import verify_bundle
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.fields import Fields
from trail.integrity.signed_note import BadKey, Verifier

MOST_KEYS = 100
_NO_SIZE = 2**53 - 1  # where no key of records is known to count yet, none is missed


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A case bundle of which everything holds under the keys that its manifest names.

    `manifest` is the SHA-256 of the manifest; `signer` is the key that signed it, of which a person has to say whether it is
    the other console's. `origin` and `size` are of the log whose checkpoint proves the evidence.
    """

    manifest: str
    signer: str
    about: Fields
    case: Fields
    log_keys: tuple[str, ...]
    origin: str
    size: int
    events: int
    files: int


def build_path(public_id: str) -> Path:
    """Where the file of an upload is."""
    return find_folder() / public_id


def find_folder() -> Path:
    """Where files lie that were uploaded."""
    return Path(settings.STATE_DIR) / "case_imports"


def compute_fingerprint(vkey: str) -> str:
    """By which people compare a key that is written `name+hash+base64`."""
    return Verifier.parse(vkey).fingerprint


class _Watched:
    """A file that says, with each read, how many bytes of it were read."""

    def __init__(self, file: BinaryIO, watch: Callable[[int], object]) -> None:
        self._file, self._watch, self._size = file, watch, 0

    def read(self, most: int = -1) -> bytes:
        """Some bytes."""
        return self._count(self._file.read(most))

    def readline(self, most: int = -1) -> bytes:
        """A line, or as much of it."""
        return self._count(self._file.readline(most))

    def _count(self, data: bytes) -> bytes:
        self._size += len(data)
        self._watch(self._size)
        return data


def verify_file(path: Path, watch: Callable[[int], object] = lambda size: None) -> VerifiedBundle:
    """Check every byte of a case bundle, its signature, proofs and checkpoint. Raises BadCaseBundle, OSError.

    `watch` is told how many bytes were read, and may raise to stop.
    """
    try:
        about, manifest = _read_manifest(path)
        keys = Fields.of(about.row.get("keys"), "“keys” of the manifest")
        consoles, logs = keys.texts("console", MOST_KEYS, 500), keys.texts("log", MOST_KEYS, 600)
        signed_from = _NO_SIZE if keys.row.get("signed_from") is None else keys.number("signed_from", _NO_SIZE)
        options = verify_bundle.read_options(logs, [], None, consoles, str(signed_from))
        bundle = verify_bundle.CaseBundle(options)
        with path.open("rb") as file:
            bundle.check(cast(BinaryIO, _Watched(file, watch)))
        signer = _find_signer(consoles, bundle.signed_by)
    except (verify_bundle.Unusable, verify_bundle.Wrong, BadKey) as error:
        raise BadCaseBundle(f"The file is not a case bundle: {_tell(error)}") from error
    if bundle.wrong:
        raise BadCaseBundle(f"The bundle is not as its console made it: {bundle.findings[0].sentence}.")
    if bundle.bundle.tree is None or signer is None:
        raise BadCaseBundle("The bundle has no checkpoint, so nothing proves its evidence.")
    if bundle.is_redacted:
        raise BadCaseBundle(
            "The bundle is redacted: it proves which leaves it is of, and holds no event to make a case of."
        )
    tree = bundle.bundle.tree
    case = Fields.of(bundle.case, "case.json")
    return VerifiedBundle(
        manifest, signer, about, case, tuple(logs), tree.origin, tree.size, bundle.bundle.proved, len(bundle.members)
    )


def _tell(error: Exception) -> str:
    return error.sentence if isinstance(error, verify_bundle.Wrong) else str(error)


def _find_signer(vkeys: Iterable[str], signed_by: str) -> str | None:
    """The key whose name and hash these are."""
    for vkey in vkeys:
        verifier = Verifier.parse(vkey)
        if f"{verifier.name}+{verifier.key_id.hex()}" == signed_by:
            return vkey
    return None


def _read_manifest(path: Path) -> tuple[Fields, str]:
    """What the manifest says, not believed yet, and its SHA-256; the layout of the whole archive is checked on the way."""
    manifest = b""
    with path.open("rb") as file:
        for part in verify_bundle.read_parts(file):
            if part.name == verify_bundle.MANIFEST:
                manifest = part.read_all()
    if not manifest:
        raise BadCaseBundle("The file is not a case bundle: it has no manifest.")
    return Fields.of(verify_bundle.parse_json(manifest), "the manifest"), hashlib.sha256(manifest).hexdigest()


def digest_file(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits, by which one that was verified is known again. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_verified(path: Path, described: dict[str, Any], manifest: str, signer: str) -> VerifiedBundle:
    """What `verify_file` found of a file that is still the one it read. Raises BadCaseBundle for another file, OSError."""
    if digest_file(path) != described["sha256"]:
        raise BadCaseBundle("The file is not the one that was verified; tell an admin.")
    about, _ = _read_manifest(path)
    with path.open("rb") as file:
        parts = verify_bundle.read_parts(file)
        case = next(orjson.loads(part.read_all()) for part in parts if part.name == verify_bundle.CASE)
    words = {name: described[name] for name in ("origin", "size", "events", "files")}
    return VerifiedBundle(manifest, signer, about, Fields.of(case, "case.json"), tuple(described["log_keys"]), **words)


def read_queries(path: Path) -> Fields:
    """What was asked of the trail in a case, of a file that was verified."""
    with path.open("rb") as file:
        parts = verify_bundle.read_parts(file)
        queries = next(orjson.loads(part.read_all()) for part in parts if part.name == verify_bundle.QUERIES)
    return Fields.of(queries, "queries.json")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the bundle of events in a file that was verified, each an object."""
    with path.open("rb") as file:
        for part in verify_bundle.read_parts(file):
            if part.name == verify_bundle.EVENTS:
                while line := part.readline():
                    yield orjson.loads(line)
                return


def copy_attachments(path: Path, take: Callable[[str, Iterator[bytes]], None]) -> None:
    """Give `take` each attachment of a file that was verified: its SHA-256, and its bytes in parts."""
    with path.open("rb") as file:
        for part in verify_bundle.read_parts(file):
            if match := verify_bundle.ATTACHMENT.fullmatch(part.name):
                take(match[1], _read_rest(part))


def _read_rest(part: verify_bundle.Part) -> Iterator[bytes]:
    while data := part.read_some():
        yield data
