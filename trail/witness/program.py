"""Runs a witness: a program on a machine of its own that cosigns a log's newest checkpoint if the log went on from the last.

    python -m trail.witness --make-key example.com/witness --key witness.key
    python -m trail.witness --log https://console.example.com/log --log-key KEY --key witness.key --state DIR --every 60
    python -m trail.witness --listen 127.0.0.1:7380 --log-key KEY --key witness.key --state DIR

It needs this package, `cryptography` and `urllib3`. With --log it looks at a log; the API key (scope log:read) is read from
WITNESS_API_KEY, and the consistency proof is computed here, from the log's own tiles. With --listen logs come to it, as C2SP
tlog-witness has it. Exit status: 0 cosigned, 1 the log could not be read, 2 refused: the log shows another history than before,
3 the log signs with a key that was not given. What was refused is kept under the state folder as the proof of it.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trail.errors import TrailError
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.log_client import Log, LogAddress, LogFolder, LogUnavailable
from trail.integrity.signed_note import Algorithm, BadKey, Signer, Verifier
from trail.integrity.tiles import TileMissing, Tree
from trail.integrity.verdict import Broken
from trail.witness.rules import CosignRequest, Witness, WitnessRefusal
from trail.witness.server import WitnessServer

COSIGNED, TROUBLE, REFUSED, KEY_UNKNOWN = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosigned checkpoint: its size, and the note with the log's signatures and ours."""

    size: int
    message: bytes


def cosign_newest(witness: Witness, log: Log) -> Cosigned | WitnessRefusal:
    """Read the log's newest checkpoint, prove from its tiles that the log went on from the last, and cosign it.

    Raises LogUnavailable.
    """
    message = log.checkpoint()
    new = checkpoint.parse_note(message)
    if isinstance(new, Broken):
        raise LogUnavailable(f"What the log shows is no checkpoint: {new.reason}.")
    last = witness.latest(new.origin)
    before = checkpoint.parse_note(last) if last else None
    old = before.size if isinstance(before, Checkpoint) else 0
    try:
        proof = Tree(log, new.size).consistency_proof(old, new.size) if old <= new.size else []
    except TileMissing as error:
        raise LogUnavailable(f"The log does not show the tiles that its checkpoint calls for: {error}") from error
    answer = witness.add_checkpoint(CosignRequest(old, tuple(proof), message).encode())
    if not isinstance(answer, WitnessRefusal):
        return Cosigned(new.size, witness.latest(new.origin) or b"")
    if answer.status == 400:
        witness.keep_refused(message)
    if answer.status == 403:
        return replace(answer, reason=f"{answer.reason}; it is signed by {_name_signers(message, new.origin)}")
    return answer


def _name_signers(message: bytes, origin: str) -> str:
    """Which keys a note says have signed it in the log's name, by their ids."""
    note = signed_note.parse(message)
    signatures = () if isinstance(note, Broken) else note.signatures
    ids = [f"{signature.name}+{signature.key_id.hex()}" for signature in signatures if signature.name == origin]
    return " and ".join(ids) or "no key of that name"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the status that it ends with."""
    options = build_parser().parse_args(arguments)
    try:
        if options.make_key:
            return make_key(
                options.make_key, options.key, Algorithm.ML_DSA_44 if options.ml_dsa else Algorithm.COSIGNATURE
            )
        return serve(options) if options.listen else watch(options)
    except (TrailError, OSError, ValueError) as error:
        _say(str(error))
        return TROUBLE


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m trail.witness", description=summary)
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="the witness's private key")
    parser.add_argument("--make-key", metavar="NAME", help="make that key, say its public half, and end")
    parser.add_argument("--ml-dsa", action="store_true", help="with --make-key: one for ML-DSA-44 instead of Ed25519")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--log", metavar="URL|FOLDER", help="the log's address, its folder, or one it publishes into")
    where.add_argument(
        "--listen", metavar="HOST:PORT", help="serve add-checkpoint there, for logs that come by themselves"
    )
    parser.add_argument("--tiles", type=Path, metavar="FOLDER", help="where the tiles are, if not in --log")
    parser.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="KEY",
        help="the log's public key, from its operator; once more for each further key, after a rotation the new one",
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="what the witness remembers; on no machine of the log's"
    )
    often = parser.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="look once and end")
    often.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="look again and again (60)")
    return parser


def make_key(name: str, path: Path, algorithm: Algorithm = Algorithm.COSIGNATURE) -> int:
    """Write a new key into a new file that nobody else may read, and print its public half. Raises BadKey, OSError."""
    signer = Signer.generate(name, algorithm)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(signer.secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    print(signer.verifier)  # noqa: T201
    return COSIGNED


def open_witness(options: argparse.Namespace) -> Witness:
    """The witness that the options describe. Raises BadKey, ValueError, OSError."""
    if not (options.log_key and options.state and (options.log or options.listen)):
        raise ValueError(
            "Name the log (--log) or where to serve (--listen), its public key (--log-key) and the witness's folder (--state)."
        )
    signers = [Signer.parse(line) for line in options.key.read_text().split()]
    if not signers or not all(signer.algorithm.is_timed for signer in signers):
        raise BadKey(f"{options.key} is no witness's key; make one with --make-key.")
    keys = [Verifier.parse(text) for text in options.log_key]
    return Witness(
        options.state, signers, {key.name: [other for other in keys if other.name == key.name] for key in keys}
    )


def serve(options: argparse.Namespace) -> int:
    """Answer logs until told to stop. Raises BadKey, ValueError, OSError."""
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("--listen takes a host and a port, such as 127.0.0.1:7380.")
    with WitnessServer((host.strip("[]"), int(port)), open_witness(options)) as server:
        _say(f"Serving add-checkpoint at http://{host}:{server.server_port}.")
        server.serve_forever()
    return COSIGNED


def watch(options: argparse.Namespace) -> int:
    """Cosign once, or until the log is refused. Raises BadKey, ValueError, and LogUnavailable when it looks only once."""
    witness, log = open_witness(options), open_log(options.log, options.tiles)
    while True:
        try:
            if isinstance(answer := cosign_newest(witness, log), WitnessRefusal):
                return _refuse(answer, options)
            _say(f"Cosigned the checkpoint of {answer.size:,} events.")
            if isinstance(log, LogAddress):
                log.write_cosigned(answer.message)
        except LogUnavailable as error:
            if options.once:
                raise
            _say(f"{error} Trying again in {options.every:.0f} seconds.")
        if options.once:
            return COSIGNED
        time.sleep(options.every)


def open_log(where: str, tiles: Path | None) -> Log:
    """The log behind an address or in a folder."""
    if "://" in where:
        return LogAddress(where, os.environ.get("WITNESS_API_KEY", ""))
    return LogFolder(Path(where), tiles)


def _refuse(refused: WitnessRefusal, options: argparse.Namespace) -> int:
    if refused.status in (400, 422):
        _say(f"REFUSED: {refused.reason}.")
        _say(
            f"The log does not go on from the checkpoint seen before. Both are kept under {options.state}: they are the proof."
        )
        return REFUSED
    _say(f"NOT COSIGNED: {refused.reason}.")
    _say(
        "This is not the log whose key was given: somebody stands between, or the log has a new key. Ask its operator, not by "
        "way of the log; if the key was rotated, start again with one more --log-key for the new key, the old one and --state "
        "left as they are."
    )
    return KEY_UNKNOWN


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
