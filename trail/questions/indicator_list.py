"""Reads a list of indicators as people have it: one a line or a CSV's first column, with comments, defanged or not."""

import csv
import hashlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from trail.errors import TrailError
from trail.redaction import holds_secret

MOST = 10_000
LONGEST = 1_000  # characters
SHOWN = 20  # line numbers in a sentence
_HEADS = frozenset(
    {"address", "domain", "fingerprint", "hash", "id", "indicator", "ioc", "ip", "token", "user", "value"}
)
_COMMENT = re.compile(r"(?:^|\s)#.*$")
# How reports keep an address from being clicked: 1.2.3[.]4, evil(dot)example, hxxps[://]evil.example
_POINT = re.compile(r"\s?[\[({](?:\.|dot)[\])}]\s?", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:h(?:xx|tt)ps?|s?ftp)\[?:\]?(?:\[?//\]?)", re.IGNORECASE)
_PORT = re.compile(r"^(\d+\.\d+\.\d+\.\d+):\d{1,5}$|^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$")
_NEARLY_ADDRESS = re.compile(r"^\d+\.\d+\.\d+\.\d+$|^\d[\d.]*/\d+$|^[0-9a-f:]*::?[0-9a-f:]*/\d+$", re.IGNORECASE)
_HASH = re.compile(r"^[0-9a-fA-F]{64}$")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class IndicatorKind(StrEnum):
    """What an indicator is taken for, and with that where it is looked for."""

    ADDRESS = "address"
    NETWORK = "network"
    HASH = "hash"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the list, as it is looked for; `line` is where it stands first."""

    value: str
    kind: IndicatorKind
    line: int


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that cannot be looked for, and why."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class IndicatorList:
    """A list that was read: each indicator once, in order. `duplicates` lines said what another had said before."""

    indicators: tuple[Indicator, ...]
    problems: tuple[LineProblem, ...] = ()
    duplicates: int = 0

    def digest(self) -> str:
        """SHA-256 of the indicators, one a line, as they were looked for."""
        return hashlib.sha256("".join(f"{indicator.value}\n" for indicator in self.indicators).encode()).hexdigest()


class TooManyIndicators(TrailError):
    """More indicators than are looked for at once."""


class SecretsInList(TrailError):
    """Some lines hold what looks like a bearer secret. Nothing of the list is kept; `lines` are their numbers."""

    def __init__(self, lines: tuple[int, ...]) -> None:
        shown = ", ".join(map(str, lines[:SHOWN])) + (" and others" if len(lines) > SHOWN else "")
        many = len(lines) > 1
        super().__init__(
            f"{'Lines' if many else 'Line'} {shown} {'look' if many else 'looks'} like tokens themselves. Nothing was looked "
            "for: list the tokens' ids or fingerprints instead, and treat the tokens as leaked."
        )
        self.lines = lines


def parse_indicators(text: str) -> IndicatorList:
    """Read a list. Raises Secrets before anything else is said of it, and TooMany."""
    lines = text.removeprefix("\ufeff").splitlines()
    if secret := tuple(number for number, line in enumerate(lines, 1) if holds_secret(line)):
        raise SecretsInList(secret)
    indicators: dict[str, Indicator] = {}
    problems, duplicates = [], 0
    for number, value in _read_first_column(lines):
        indicator = _read_indicator(value, number)
        if isinstance(indicator, LineProblem):
            problems.append(indicator)
        elif indicator.value in indicators:
            duplicates += 1
        else:
            indicators[indicator.value] = indicator
    if len(indicators) > MOST:
        raise TooManyIndicators(
            f"There are {len(indicators):,} indicators, and at most {MOST:,} are looked for at once; send them in parts."
        )
    return IndicatorList(tuple(indicators.values()), tuple(problems), duplicates)


def _read_first_column(lines: list[str]) -> Iterator[tuple[int, str]]:
    """What each line says in its first column, with its number; comments, blank lines and a head of columns say nothing."""
    head = True
    for number, line in enumerate(lines, 1):
        bare = _COMMENT.sub("", line).strip()
        if not bare or bare.startswith(("//", ";")):
            continue
        columns = _columns(bare)
        if columns[0] and not (head and len(columns) > 1 and columns[0].lower() in _HEADS):
            yield number, columns[0]
        head = False


def _columns(line: str) -> list[str]:
    delimiter = next((sign for sign in ",;\t" if sign in line), None)
    if delimiter is None:
        return [line.strip("\"'").strip()]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def _read_indicator(text: str, line: int) -> Indicator | LineProblem:
    value = _refang(text)
    if len(value) > LONGEST:
        return LineProblem(line, f"It is longer than {LONGEST:,} characters.")
    if _UNSEEN.search(value):
        return LineProblem(line, "It holds a control character.")
    if _HASH.match(value):
        return Indicator(value.lower(), IndicatorKind.HASH, line)
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        if _NEARLY_ADDRESS.match(value):
            return LineProblem(
                line, "It is neither an address nor a network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32."
            )
        return Indicator(value, IndicatorKind.IDENTIFIER, line)
    if network.num_addresses > 1:
        return Indicator(str(network), IndicatorKind.NETWORK, line)
    return Indicator(normalise_address(str(network.network_address)), IndicatorKind.ADDRESS, line)


def _refang(text: str) -> str:
    """The indicator as it is: without the brackets that keep it from being clicked, of a URL its host, without a port."""
    value = _POINT.sub(".", text).replace("[:]", ":").strip()
    if match := _SCHEME.match(value):
        value = _host(f"//{value[match.end() :]}") or value
    if match := _PORT.match(value):
        value = match[1] or match[2]
    return value


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def normalise_address(text: str) -> str:
    """An address as the engine writes it: IPv6 in its shortest form, an IPv4 address within IPv6 as IPv4."""
    address = ipaddress.ip_address(text)
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(inner or address)
