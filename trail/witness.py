"""A witness: a program on a machine of its own that cosigns the log's newest checkpoint, if the log went on from the last.

    python -m trail.witness --make-key example.com/witness --key witness.key
    python -m trail.witness --log https://console.example.com/log --log-key KEY --key witness.key --state DIR --every 60

Needs this package and `cryptography`. The API key for the log (scope log:read) is read from WITNESS_API_KEY. It computes the
consistency proof itself, from the log's own tiles. Exit status: 0 cosigned, 1 the log could not be read, 2 refused: the
log shows another history than before. What was refused is kept under the state folder: it is the proof.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trail.errors import TrailError
from trail.integrity import checkpoint, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.logs import Log, LogAddress, LogFolder, LogUnavailable
from trail.integrity.note import Algorithm, BadKey, Signer, Verifier
from trail.integrity.tiles import TileMissing, Tree
from trail.integrity.verdict import Broken
from trail.integrity.witness import Refused, Request, Witness

COSIGNED, TROUBLE, REFUSED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What was cosigned: size, and the note with the log's signatures and ours."""

    size: int
    message: bytes


def cosign_newest(witness: Witness, log: Log) -> Cosigned | Refused:
    """Look at the log's newest checkpoint, prove from its tiles that it went on, and cosign it. Raises LogUnavailable."""
    message = log.checkpoint()
    new = _parse(message)
    if isinstance(new, Broken):
        raise LogUnavailable(f"What the log shows is no checkpoint: {new.reason}.")
    last = witness.latest(new.origin)
    before = _parse(last) if last else None
    old = before.size if isinstance(before, Checkpoint) else 0
    try:
        proof = Tree(log, new.size).consistency_proof(old, new.size) if old <= new.size else []
    except TileMissing as error:
        raise LogUnavailable(f"The log does not show the tiles that its checkpoint calls for: {error}") from error
    answer = witness.add_checkpoint(Request(old, tuple(proof), message).encode())
    if isinstance(answer, Refused):
        return answer
    return Cosigned(new.size, witness.latest(new.origin) or b"")


def _parse(message: bytes) -> Checkpoint | Broken:
    read = note.parse(message)
    return read if isinstance(read, Broken) else checkpoint.parse(read.text)


def main(arguments: Sequence[str] | None = None) -> int:
    """What the command does; the status that it ends with."""
    options = parser().parse_args(arguments)
    try:
        if options.make_key:
            return make_key(options.make_key, options.key)
        return watch(options)
    except (TrailError, OSError, ValueError) as error:
        _say(str(error))
        return TROUBLE


def parser() -> argparse.ArgumentParser:
    summary = (__doc__ or "").partition("\n")[0]
    made = argparse.ArgumentParser(prog="python -m trail.witness", description=summary)
    made.add_argument("--key", type=Path, required=True, metavar="FILE", help="the witness's private key")
    made.add_argument("--make-key", metavar="NAME", help="make that key, say its public half, and end")
    made.add_argument("--log", metavar="URL|FOLDER", help="the log's address, its folder, or one it publishes into")
    made.add_argument("--tiles", type=Path, metavar="FOLDER", help="where the tiles are, if not in --log")
    made.add_argument(
        "--log-key", action="append", default=[], metavar="KEY", help="the log's public key, from its operator"
    )
    made.add_argument(
        "--state", type=Path, metavar="DIR", help="what the witness remembers; on no machine of the log's"
    )
    often = made.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="look once and end")
    often.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="look again and again (60)")
    return made


def make_key(name: str, path: Path) -> int:
    """A new key in a file that nobody else may read, and that is never overwritten. Raises BadKey, OSError."""
    signer = Signer.generate(name, Algorithm.COSIGNATURE)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(signer.secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    print(signer.verifier)  # noqa: T201
    return COSIGNED


def watch(options: argparse.Namespace) -> int:
    """Cosign once, or until the log is refused. Raises BadKey, ValueError, and LogUnavailable when it looks only once."""
    if not (options.log and options.log_key and options.state):
        raise ValueError("Name the log (--log), its public key (--log-key) and a folder for the witness (--state).")
    signer = Signer.parse(options.key.read_text().strip())
    if signer.algorithm is not Algorithm.COSIGNATURE:
        raise BadKey(f"{options.key} is no witness's key; make one with --make-key.")
    keys = [Verifier.parse(text) for text in options.log_key]
    logs = {key.name: [other for other in keys if other.name == key.name] for key in keys}
    witness, log = Witness(options.state, signer, logs), open_log(options.log, options.tiles)
    while True:
        try:
            if isinstance(answer := cosign_newest(witness, log), Refused):
                return _refuse(answer, options.state)
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


def _refuse(refused: Refused, state: Path) -> int:
    _say(f"REFUSED: {refused.reason}.")
    if refused.status in (400, 422):
        _say(
            f"The log does not go on from the checkpoint seen before. Both are kept under {state}: they are the proof."
        )
    else:
        _say(
            "This is not the log whose key was given: somebody stands between, or the key was changed. Ask its operator."
        )
    return REFUSED


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":  # pragma: no cover  the tests run it as a program
    sys.exit(main())
