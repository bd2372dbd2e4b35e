"""Builders of valid events: nested documents that the trail takes. Whatever a test does not say has a quiet default.

write(trail, issue(user="alice", token="t1"), verify(token="t1", at="2026-11-02T08:00:00Z"))
event(**{"event.action": "AssumeRole", "source.ip": "198.51.100.7"})
"""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from trail import writer
from trail.connection import Trail
from trail.events import nest

Document = dict[str, Any]

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def restart() -> None:
    """Count from one again, so that the ids and times of what follows are known."""
    global _numbers
    _numbers = itertools.count(1)


def fingerprint(name: str) -> str:
    """A fingerprint (64 hexadecimal digits) that is the same for the same name."""
    return name.encode().hex().rjust(64, "0")[-64:]


def time_of(number: int) -> str:
    """The time of the event of this number: one each minute from START."""
    return (START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(*, id: str | None = None, at: str | None = None, **flat: Any) -> Document:
    """An event from flat names. Without an `id` it is `event-<n>`; without a time, n minutes after START.

    A value of None leaves the field out.
    """
    number = next(_numbers)
    known = {
        "@timestamp": at or time_of(number),
        "event.id": id or f"event-{number:06d}",
        "event.action": "token.verify",
        "event.outcome": "success",
        "event.dataset": "platform",
    }
    return nest(known | flat)


def of_token(operation: str, token: str, at: str | None = None, id: str | None = None, **flat: Any) -> Document:
    """One token operation: `operation` is `token.verify` and so on; the fingerprint follows from the token's id."""
    known = {
        "event.action": operation,
        "token.operation": operation,
        "token.id": token,
        "token.fingerprint": fingerprint(token),
    }
    return event(id=id, at=at, **(known | flat))


def issue(*, user: str = "alice", token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    return of_token("token.issue", token, at, **({"user.id": user, "token.kind": "user"} | flat))


def attenuate(*, token: str, child: str, at: str | None = None, **flat: Any) -> Document:
    """`child` is a name for the child's fingerprint; it keeps the token's id."""
    known = {"token.fingerprint": fingerprint(child), "token.parent_fingerprint": fingerprint(token)}
    return of_token("token.attenuate", token, at, **(known | flat))


def verify(*, token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    known = {"source.ip": "192.0.2.7", "user_agent.original": "curl/8.11.0", "service.name": "api"}
    return of_token("token.verify", token, at, **(known | flat))


def authorize(*, token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    known = {"source.ip": "192.0.2.7", "service.name": "api", "resource.type": "app", "resource.id": "app-1"}
    return of_token("token.authorize", token, at, **(known | flat))


def discharge(*, token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    return of_token("token.discharge", token, at, **({"service.name": "sso"} | flat))


def revoke(*, token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    known = {"token.revocation.scope": "token", "token.revocation.reason": "leaked"}
    return of_token("token.revoke", token, at, **(known | flat))


def restore(*, token: str = "token-1", at: str | None = None, **flat: Any) -> Document:
    return of_token("token.restore", token, at, **flat)


def journal(*, user: str = "alice", action: str = "search.page", case: str | None = None, at: str | None = None,
            **flat: Any) -> Document:  # fmt: skip
    """An event of the console's own journal: what a person did here, about a case or not."""
    about = {"resource.type": "case", "resource.id": case} if case else {}
    return event(at=at, **({"event.dataset": "console", "event.action": action, "user.id": user} | about | flat))


def write(trail: Trail, *documents: Document) -> Sequence[Document]:
    """Write events so that they can be found at once. Fails unless every one of them was new and valid."""
    outcomes = writer.write(trail, documents, refresh=True)
    assert {o.status for o in outcomes} <= {"created"}, [o for o in outcomes if o.status != "created"]
    return documents
