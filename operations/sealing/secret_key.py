"""Holds the private halves of the log's key: `checkpoint_signer` alone signs checkpoints with it, `signing_keys` the rest.

A key is three under the log's name: an Ed25519 key, which every reader of signed notes knows, and two that make timestamped
cosignatures, so that a checkpoint of the same size says that nothing came until then: `cosignature/v1` with Ed25519, and
ML-DSA-44, which holds against quantum computers. A key from before the third has two, until the next rotation.
"""

from dataclasses import dataclass
from pathlib import Path

from operations.sealing.errors import KeyUnusable
from trail import files
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Algorithm, Signature, Signer, Verifier


@dataclass(frozen=True, slots=True)
class Key:
    """What the log signs with."""

    _signer: Signer
    _cosigners: tuple[Signer, ...]

    @classmethod
    def generate(cls, origin: str) -> "Key":
        """Raises BadKey for a name that cannot stand in a note."""
        timed = (Algorithm.COSIGNATURE, Algorithm.ML_DSA_44)
        return cls(Signer.generate(origin), tuple(Signer.generate(origin, algorithm) for algorithm in timed))

    @classmethod
    def read(cls, path: Path) -> "Key":
        """From a file with a line for each, two or three. Raises KeyUnusable."""
        try:
            signer, *cosigners = map(Signer.parse, path.read_text().split())
        except (OSError, ValueError, signed_note.BadKey) as error:
            raise KeyUnusable(f"{path} does not hold the keys of the log: {error}") from error
        if signer.algorithm.is_timed or not cosigners or not all(cosigner.algorithm.is_timed for cosigner in cosigners):
            raise KeyUnusable(
                f"{path} does not hold the keys of the log: one that signs, and behind it those that cosign."
            )
        return cls(signer, tuple(cosigners))

    def write(self, path: Path) -> None:
        """Durably, readable by us alone (as every file that `files` makes)."""
        files.replace(path, "".join(f"{signer.secret()}\n" for signer in (self._signer, *self._cosigners)).encode())

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The public halves: of the signature, then of the cosignatures."""
        return tuple(signer.verifier for signer in (self._signer, *self._cosigners))

    @property
    def origin(self) -> str:
        return self._signer.name

    def sign_checkpoint(self, following: Checkpoint, at: int) -> tuple[Signature, ...]:
        """A signature and those that are dated `at`, in seconds since 1970. For `CheckpointSigner` alone, which proves first."""
        text = following.text()
        return self._signer.sign(text), *(cosigner.sign(text, at) for cosigner in self._cosigners)

    def sign_statement(self, text: str) -> Signature:
        """A signature of anything but a checkpoint. Raises ValueError for what a reader could take for one."""
        if isinstance(checkpoint.parse(text), Checkpoint):
            raise ValueError("a checkpoint is signed by CheckpointSigner alone")
        return self._signer.sign(text)
