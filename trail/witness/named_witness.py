"""Reads how a log's operator names a witness: its public keys and, where it is asked for cosignatures, its address."""

from dataclasses import dataclass

from trail.integrity.signed_note import BadKey, Verifier


@dataclass(frozen=True, slots=True)
class NamedWitness:
    """A witness: its keys, and the address below which it takes checkpoints; "" for one that comes by itself."""

    keys: tuple[Verifier, ...]
    address: str = ""

    @classmethod
    def parse(cls, text: str) -> "NamedWitness":
        """From one or several vkeys and, behind them, an address, with spaces between, as a line of C2SP tlog-policy has them.

        Raises BadKey.
        """
        words = text.split()
        address = words.pop().rstrip("/") if words and words[-1].startswith(("http://", "https://")) else ""
        keys = tuple(map(Verifier.parse, words))
        if not keys or not all(key.algorithm.is_timed for key in keys):
            raise BadKey(
                "A witness is the public key that it cosigns with and, where it is asked, its address behind it."
            )
        return cls(keys, address)

    @property
    def name(self) -> str:
        """Its name, by which signature lines call it."""
        return self.keys[0].name
