"""Offers who of those that used a token can be looked at alone, each as a plain link."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.http import urlencode

from investigations.presentation.cells import make_visible
from trail.questions.answers import FieldValues
from trail.questions.compromise import Compromise
from trail.questions.compromise_parts import ACTOR_FIELDS, Actors
from trail.search.spec import Filter

# So many stand side by side; the others are a list.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class ActorOption:
    """Everyone, or one address or client: how many events before the revocation, and the page of them alone."""

    name: str
    word: str
    count: int
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ActorSwitch:
    """Those side by side, everyone first, and the others."""

    shown: tuple[ActorOption, ...]
    others: tuple[ActorOption, ...]

    @property
    def current(self) -> ActorOption:
        """Who is chosen."""
        return next(option for option in (*self.shown, *self.others) if option.is_current)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The address that came second: what it was first seen, and the address of the page from then on."""

    value: str
    first: str
    url: str


def build_actors(actors: Actors, chosen: Filter | None, words: Mapping[str, str], *, count: int) -> ActorSwitch:
    """Everyone, each address, each client; who is `chosen`, with `count` events, stands among the first."""
    options = list(_list_options(actors, chosen, words))
    if chosen and not any(option.is_current for option in options):
        name, word = name_actor(chosen), _word_of(chosen)
        options.insert(0, ActorOption(name, word, count, _address(words, word, chosen.values[0]), True))
    addresses = [option for option in options if option.word == "address"]
    shown = [option for option in options if option.is_current or option in addresses[:SHOWN]]
    everyone = ActorOption("Everyone", "", actors.total, _address(words, "", ""), chosen is None)
    return ActorSwitch((everyone, *shown), tuple(option for option in options if option not in shown))


def name_actor(actor: Filter) -> str:
    """An actor's own name."""
    return make_visible(actor.values[0])


def _word_of(actor: Filter) -> str:
    """What an address says of the kind of an actor."""
    return next(word for word, field in ACTOR_FIELDS.items() if field == actor.field)


def find_newcomer(answer: Compromise, words: Mapping[str, str]) -> Newcomer | None:
    """The first use from an address not seen before, where no moment is chosen yet."""
    seen = sorted(answer.actors.before["source.ip"].values, key=lambda value: value.first)
    if answer.at or len(seen) < 2:
        return None
    return Newcomer(seen[1].value, seen[1].first, f"?{urlencode({**words, 'at': seen[1].first})}")


def _list_options(actors: Actors, chosen: Filter | None, words: Mapping[str, str]) -> Iterator[ActorOption]:
    for word, field in ACTOR_FIELDS.items():
        for value, count in _count_values(actors.before[field], actors.after[field]).items():
            is_current = chosen is not None and (chosen.field, chosen.values) == (field, (value,))
            yield ActorOption(make_visible(value), word, count, _address(words, word, value), is_current)


def _count_values(before: FieldValues, after: FieldValues) -> dict[str, int]:
    """Those who came before the revocation, the latest comer first; then those who only tried after it."""
    seen = sorted(before.values, key=lambda value: value.first, reverse=True)
    counts = {value.value: value.count for value in seen}
    return counts | {value.value: 0 for value in after.values if value.value not in counts}


def _address(words: Mapping[str, str], word: str, value: str) -> str:
    stays = {name: text for name, text in words.items() if name not in ("actor", "open")}
    return "?" + urlencode({**stays, **({"actor": f"{word}:{value}"} if word else {})})
