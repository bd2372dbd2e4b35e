"""The invented platform: organisations, people, services, the places and clients they use. Fixed for a seed, bounded."""

import hashlib
from dataclasses import dataclass, field
from random import Random
from typing import Any

# Addresses are from blocks reserved for documentation (RFC 5737) and private use, autonomous systems from those
# reserved for documentation (RFC 5398): nobody real is shown doing anything.
OFFICES = (
    ("DE", "Berlin", "52.52,13.40", 64496), ("GB", "London", "51.51,-0.13", 64497), ("US", "Chicago", "41.88,-87.63", 64498),
    ("JP", "Osaka", "34.69,135.50", 64499), ("BR", "Recife", "-8.05,-34.88", 64500), ("CA", "Toronto", "43.65,-79.38", 64501),
)  # fmt: skip
CLIENTS = (
    ("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "Firefox", "145.0"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/18.1", "Safari", "18.1"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0", "Chrome", "142.0"),
    ("platformctl/2.14.1 (linux/amd64)", "platformctl", "2.14.1"),
    ("platformctl/2.13.0 (darwin/arm64)", "platformctl", "2.13.0"),
    ("platform-python/4.2.0", "platform-python", "4.2.0"),
)
SERVICES = ("api", "edge", "builder", "registry", "machines", "volumes", "secrets", "billing", "metrics", "dns")
FIRST = ("ada", "bela", "chidi", "dana", "emre", "farah", "goran", "hana", "ines", "joao", "kofi", "lena", "mina", "nils",
         "olga", "pavel", "quinn", "rosa", "sven", "tala", "uma", "vera", "wei", "ximena", "yara", "zoe")  # fmt: skip
ORGANISATIONS = ("northwind", "tidewater", "heliograph", "saltmarsh", "copperline", "fernweh", "quayside", "lanternworks",
                 "brightfield", "oakhollow", "riverbend", "moorgate")  # fmt: skip


def fingerprint(*parts: Any) -> str:
    """SHA-256 of an invented tail."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


@dataclass(slots=True)
class Token:
    """A macaroon in somebody's hands."""

    id: str
    fingerprint: str
    kind: str
    caveats: tuple[str, ...] = ()
    parent: str | None = None
    expires_at: str | None = None

    def attenuated(self, caveat: str, *, recorded: bool) -> "Token":
        """A child as its holder makes it, offline: the same id, one caveat more. `recorded`: events name its parent."""
        return Token(
            id=self.id, fingerprint=fingerprint(self.fingerprint, caveat), kind=self.kind,
            caveats=(*self.caveats, caveat), parent=self.fingerprint if recorded else None, expires_at=self.expires_at,
        )  # fmt: skip


@dataclass(slots=True)
class Actor:
    """A person or a service of the platform, with where it works from."""

    id: str
    name: str
    organisation: str
    service: str | None
    ip: str
    home_ip: str
    place: tuple[str, str, str, int]
    client: tuple[str, str, str]
    tokens: list[Token] = field(default_factory=list)
    issued: int = 0


def people(random: Random, count: int) -> list[Actor]:
    """The people, spread over organisations and places."""
    found = []
    for number in range(count):
        name = f"{FIRST[number % len(FIRST)]}-{number:04d}"
        organisation = ORGANISATIONS[number % len(ORGANISATIONS)]
        place = OFFICES[random.randrange(len(OFFICES))]
        block = "192.0.2" if number % 2 else "198.51.100"
        found.append(Actor(
            id=f"usr_{number:04d}", name=name, organisation=organisation, service=None,
            ip=f"{block}.{1 + number % 12}", home_ip=f"{block}.{20 + random.randrange(230)}", place=place,
            client=CLIENTS[random.randrange(len(CLIENTS))],
        ))  # fmt: skip
    return found


def services(random: Random) -> list[Actor]:
    """The platform's own services, on a private network."""
    return [
        Actor(
            id=f"svc_{name}", name=name, organisation="platform", service=name, ip=f"10.20.{number}.{random.randrange(2, 250)}",
            home_ip=f"10.20.{number}.{random.randrange(2, 250)}", place=OFFICES[0],
            client=(f"platform-go/1.25 {name}", "platform-go", "1.25"),
        )
        for number, name in enumerate(SERVICES)
    ]  # fmt: skip
