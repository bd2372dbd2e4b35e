"""Which two things an event can bring together for the first time ever: the one table of it. Pure.

A person's address, a token's service: each is a pair of values, and the first event that holds both is a *first*.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import orjson

# The field by which searches ask for firsts. No event has it: whether one is a first depends on all the others.
FIELD = "novelty"
ANY = "any"
# Raised when the table means something else than before, so that what was found by the old one is found anew.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Pairing:
    """One kind of first. `right` names fields of which the first that an event has counts; `whose` and `what` are for people."""

    name: str
    left: str
    right: tuple[str, ...]
    whose: str
    what: str
    help: str

    @property
    def label(self) -> str:
        return f"{self.whose}: new {self.what}"


PAIRINGS = (
    Pairing("user_address", "user.id", ("source.ip",), "user", "address",
            "No earlier event of the whole trail shows this user at this address."),
    # By the token's id, which a token keeps when it is attenuated: a child in its holder's own hands is nothing new.
    Pairing("token_address", "token.id", ("source.ip",), "token", "address",
            "No earlier event of the whole trail shows this token, or one attenuated from it, at this address."),
    # By the client's name, not its version, which is new every few weeks; by what it said of itself where it has no name.
    Pairing("user_client", "user.id", ("user_agent.name", "user_agent.original"), "user", "client",
            "No earlier event of the whole trail shows this user with this client, of whatever version."),
    Pairing("token_service", "token.id", ("service.name",), "token", "service",
            "No earlier event of the whole trail shows this token, or one attenuated from it, at this service."),
)  # fmt: skip
BY_NAME = {pairing.name: pairing for pairing in PAIRINGS}
FIELDS = tuple(sorted({name for pairing in PAIRINGS for name in (pairing.left, *pairing.right)}))


def pairs(values: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """The pairs that an event holds, each by a name that begins with its kind. `values` are those of FIELDS it has."""
    found = []
    for pairing in PAIRINGS:
        right = next((values[name] for name in pairing.right if values.get(name)), ())
        found += [_name(pairing.name, *both) for both in product(values.get(pairing.left, ()), right)]
    return tuple(found)


def kinds(names: Sequence[str]) -> tuple[str, ...]:
    """Which kinds the pairs of these names are of, in the table's order."""
    there = {name.partition(":")[0] for name in names}
    return tuple(pairing.name for pairing in PAIRINGS if pairing.name in there)


def _name(kind: str, left: Any, right: Any) -> str:
    """However long two values are, and whatever stands in them: a name of one length for this pair alone."""
    return f"{kind}:{hashlib.blake2b(orjson.dumps([left, right]), digest_size=20).hexdigest()}"
