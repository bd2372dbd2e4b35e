"""The queries every console begins with. Admins change or retire them like any other."""

from dataclasses import dataclass

TOKEN = {"name": "token", "label": "Token id", "kind": "token", "help": "The token's public id; several with commas."}
USER = {"name": "user", "label": "User id", "kind": "user", "help": "As in user.id; several with commas."}
ADDRESS = {"name": "address", "label": "Address or network", "kind": "ip", "help": "192.0.2.7 or 192.0.2.0/24"}
SERVICE = {"name": "service", "label": "Service", "kind": "text", "help": "As in service.name."}


@dataclass(frozen=True, slots=True)
class Starter:
    slug: str
    name: str
    group: str
    description: str
    text: str
    parameters: tuple[dict[str, str], ...] = ()
    start: str | None = None


STARTERS = (
    Starter(
        "everything-a-token-did",
        "Everything a token did",
        "Tokens",
        "Every operation with a token, attenuations of it included.",
        "token.id:$token",
        (TOKEN,),
    ),
    Starter(
        "token-from-elsewhere",
        "A token used from outside a network",
        "Tokens",
        "Uses of a token from anywhere but the network it belongs in.",
        "token.id:$token AND token.operation:(token.verify OR token.authorize) AND NOT source.ip:$address",
        (TOKEN, ADDRESS),
    ),
    Starter(
        "refused-tokens",
        "Refused tokens",
        "Tokens",
        "Verifications and authorisations that failed, of every token.",
        "event.outcome:failure AND token.operation:(token.verify OR token.authorize)",
        (),
        "now-7d",
    ),
    Starter(
        "used-after-revocation",
        "Refused because revoked",
        "Tokens",
        "Who still tries tokens that were revoked.",
        "event.outcome:failure AND event.reason:revoked",
    ),
    Starter(
        "everything-a-user-did",
        "Everything a user did",
        "People",
        "All events of a user, over all of history.",
        "user.id:$user",
        (USER,),
    ),
    Starter(
        "tokens-issued-to-a-user",
        "Tokens issued to a user",
        "People",
        "Every token a user was ever issued.",
        "user.id:$user AND token.operation:token.issue",
        (USER,),
    ),
    Starter(
        "from-an-address",
        "Everything from an address",
        "Places",
        "All operations from an address or a network.",
        "source.ip:$address",
        (ADDRESS,),
    ),
    Starter("revocations", "Revocations", "Changes", "Who revoked what, and why.", "token.operation:token.revoke"),
    Starter(
        "calls-to-a-service",
        "Calls to a service",
        "Services",
        "What was asked of a service.",
        "service.name:$service",
        (SERVICE,),
        "now-7d",
    ),
    Starter(
        "console-access",
        "What was done in this console",
        "Console",
        "Searches, cases, pins and exports, as far as you may see them.",
        "event.dataset:console",
    ),
)
