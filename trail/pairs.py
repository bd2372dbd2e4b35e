"""Lists the pairs of fields whose values can be first seen together in an event, and names the pairs that an event holds.

A user and an address, a token and a service: the first event of the whole trail that holds both values is *first seen*.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import orjson

# The field that people type to search for what is first seen, in links and saved queries that stay: stored data, so its name
# does not change. No event has it: whether an event is the first one depends on all the others.
FIRST_SEEN_FIELD = "novelty"
ANY = "any"
# Raised when the table means something else than before, so that the index is made anew.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fields whose values make a pair. Of the fields in `right` the first that an event has counts.

    `whose` and `what` are for people.
    """

    name: str
    left: str
    right: tuple[str, ...]
    whose: str
    what: str
    help: str

    @property
    def label(self) -> str:
        """The pair in words: `user: new address`."""
        return f"{self.whose}: new {self.what}"


PAIRS = (
    Pair("user_address", "user.id", ("source.ip",), "user", "address",
            "No earlier event of the whole trail shows this user at this address."),
    # By the token's id, which a token keeps when it is attenuated: a child in its holder's own hands is nothing new.
    Pair("token_address", "token.id", ("source.ip",), "token", "address",
            "No earlier event of the whole trail shows this token, or one attenuated from it, at this address."),
    # By the client's name, not its version, which is new every few weeks; by what it said of itself where it has no name.
    Pair("user_client", "user.id", ("user_agent.name", "user_agent.original"), "user", "client",
            "No earlier event of the whole trail shows this user with this client, of whatever version."),
    Pair("token_service", "token.id", ("service.name",), "token", "service",
            "No earlier event of the whole trail shows this token, or one attenuated from it, at this service."),
)  # fmt: skip
PAIR_BY_NAME = {pair.name: pair for pair in PAIRS}
PAIRED_FIELDS = tuple(sorted({name for pair in PAIRS for name in (pair.left, *pair.right)}))


def name_pairs(values: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """The names of the pairs that an event holds; a name begins with its kind. `values` are lists, by names of PAIRED_FIELDS."""
    names: list[str] = []
    for pair in PAIRS:
        right = next((values[name] for name in pair.right if values.get(name)), ())
        names += [_name(pair.name, *both) for both in product(values.get(pair.left, ()), right)]
    return tuple(names)


def find_kinds(names: Sequence[str]) -> tuple[str, ...]:
    """The kinds of named pairs, in the order of PAIRS."""
    present = {name.partition(":")[0] for name in names}
    return tuple(pair.name for pair in PAIRS if pair.name in present)


def _name(kind: str, left: Any, right: Any) -> str:
    """A name of one length for two values, whatever they hold (BLAKE2b, 20 bytes, in hexadecimal)."""
    return f"{kind}:{hashlib.blake2b(orjson.dumps([left, right]), digest_size=20).hexdigest()}"
