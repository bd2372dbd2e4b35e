"""Invents the platform: organisations, people, services, the places and clients they use, the same for the same seed."""

import hashlib
import unicodedata
from dataclasses import dataclass, field
from random import Random
from typing import Any

# Addresses are from blocks reserved for documentation (RFC 5737) and private use, autonomous systems from those
# reserved for documentation (RFC 5398): nobody real is shown doing anything.
OFFICES = (
    ("DE", "Berlin", "52.52,13.40", 64496), ("GB", "London", "51.51,-0.13", 64497), ("US", "Chicago", "41.88,-87.63", 64498),
    ("JP", "Osaka", "34.69,135.50", 64499), ("BR", "Recife", "-8.05,-34.88", 64500), ("CA", "Toronto", "43.65,-79.38", 64501),
)  # fmt: skip
NETWORKS = {64496: "Spree Net", 64497: "Thames Fibre", 64498: "Lakeshore Telecom", 64499: "Naniwa Broadband",
            64500: "Recife Conecta", 64501: "Toronto Cable", 64510: "Example Scanning", 64511: "Example Hosting"}  # fmt: skip
CLIENTS = (
    ("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0", "Firefox", "145.0"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/18.1", "Safari", "18.1"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0", "Chrome", "142.0"),
    ("platformctl/2.14.1 (linux/amd64)", "platformctl", "2.14.1"),
    ("platformctl/2.13.0 (darwin/arm64)", "platformctl", "2.13.0"),
    ("platform-python/4.2.0", "platform-python", "4.2.0"),
)
SERVICES = ("api", "edge", "builder", "registry", "machines", "volumes", "secrets", "billing", "metrics", "dns")
FIRST = ("Ada", "Béla", "Chidi", "Dana", "Emre", "Farah", "Goran", "Hana", "Inês", "João", "Kofi", "Lena", "Mina", "Nils",
         "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tala", "Uma", "Vera", "Wei", "Ximena", "Yara", "Zoë")  # fmt: skip
# As many as have no divisor in common with the first names, so that a name comes again after 26 × 31 people.
LAST = ("Lindqvist", "Horváth", "Okafor", "Whitfield", "Demir", "Haddad", "Petrović", "Nováková", "Carvalho",
        "Teixeira", "Mensah", "Brandt", "Rahimi", "Sørensen", "Melnyk", "Kučera", "Abernathy", "Giménez",
        "Bergström", "Castellanos", "Iyer", "Sokolova", "Zhang", "Villalobos", "Nasser", "Papadaki",
        "Adeyemi", "Kowalski", "Laurent", "Tanaka", "Fitzgerald")  # fmt: skip
ROLES = (("owner", "developer"), ("developer",), ("developer",), ("operator", "developer"), ("billing",), ("developer",),
         ("support",), ("security",))  # fmt: skip
ORGANISATIONS = ("northwind", "tidewater", "heliograph", "saltmarsh", "copperline", "fernweh", "quayside", "lanternworks",
                 "brightfield", "oakhollow", "riverbend", "moorgate")  # fmt: skip


def fingerprint(*parts: Any) -> str:
    """The SHA-256 of an invented tail, in hexadecimal."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


@dataclass(slots=True)
class DemoToken:
    """A macaroon in somebody's hands."""

    id: str
    fingerprint: str
    kind: str
    caveats: tuple[str, ...] = ()
    parent: str | None = None
    expires_at: str | None = None

    def attenuate(self, caveat: str, *, recorded: bool) -> "DemoToken":
        """A child as its holder makes it, offline: the same id, one caveat more. `recorded`: events name its parent."""
        return DemoToken(
            id=self.id,
            fingerprint=fingerprint(self.fingerprint, caveat),
            kind=self.kind,
            caveats=(*self.caveats, caveat),
            parent=self.fingerprint if recorded else None,
            expires_at=self.expires_at,
        )


@dataclass(slots=True)
class Principal:
    """A person or a service of the platform, with where it works from."""

    id: str
    identity: dict[str, Any]
    organisation: str
    service: str | None
    ip: str
    home_ip: str
    place: tuple[str, str, str, int]
    client: tuple[str, str, str]
    tokens: list[DemoToken] = field(default_factory=list)
    issued: int = 0


def describe_person(number: int) -> dict[str, Any]:
    """Who a person is, as every event of theirs says it: the same for the same number, whatever the seed."""
    first, last = FIRST[number % len(FIRST)], LAST[number % len(LAST)]
    namesakes = number // (len(FIRST) * len(LAST))
    organisation = ORGANISATIONS[number % len(ORGANISATIONS)]
    return {
        "user.id": f"usr_{number:04d}",
        "user.name": f"{spell_plainly(first)}-{number:04d}",
        "user.full_name": f"{first} {last}",
        "user.email": f"{spell_plainly(first)}.{spell_plainly(last)}{namesakes or ''}@{organisation}.example",
        "user.roles": list(ROLES[number % len(ROLES)]),
        "organization.id": f"org_{organisation}",
        "organization.name": organisation,
    }


def spell_plainly(name: str) -> str:
    """A name as an address for mail has it: small letters without accents."""
    letters = unicodedata.normalize("NFKD", name.replace("ø", "o")).encode("ascii", "ignore")
    return letters.decode().lower()


def make_people(random: Random, count: int) -> list[Principal]:
    """The people, spread over organisations and places."""
    people = []
    for number in range(count):
        place = OFFICES[random.randrange(len(OFFICES))]
        block = "192.0.2" if number % 2 else "198.51.100"
        people.append(
            Principal(
                id=f"usr_{number:04d}",
                identity=describe_person(number),
                organisation=ORGANISATIONS[number % len(ORGANISATIONS)],
                service=None,
                ip=f"{block}.{1 + number % 12}",
                home_ip=f"{block}.{20 + random.randrange(230)}",
                place=place,
                client=CLIENTS[random.randrange(len(CLIENTS))],
            )
        )
    return people


def make_services(random: Random) -> list[Principal]:
    """The platform's own services, on a private network."""
    return [
        Principal(
            id=f"svc_{name}",
            identity={
                "user.id": f"svc_{name}",
                "user.name": name,
                "organization.id": "org_platform",
                "organization.name": "platform",
            },
            organisation="platform",
            service=name,
            ip=f"10.20.{number}.{random.randrange(2, 250)}",
            home_ip=f"10.20.{number}.{random.randrange(2, 250)}",
            place=OFFICES[0],
            client=(f"platform-go/1.25 {name}", "platform-go", "1.25"),
        )
        for number, name in enumerate(SERVICES)
    ]
