"""The console's own records, genuine and forged, and its key as it has signed for a while."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.audit import AccountAction
from accounts.models import User
from core import audit
from operations.models import RecordKey
from operations.sealing import record_keys
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event
from trail.connection import Trail
from trail.mapping import ensure_index, index_for
from trail.times import format_datetime


def record(trail: Trail, by: User, **labels: str) -> str:
    """A genuine record; its id."""
    event_id = audit.record(AccountAction.CHANGE, by=by, resource=("user", by.username), labels=labels)
    trail.client.indices.refresh(index=trail.events)
    return event_id


def forge(trail: Trail, document: dict[str, Any] | None = None, **fields: Any) -> str:
    """A record put into the engine past the console, as somebody does who has access to the engine alone; its id."""
    now = format_datetime(timezone.now())
    forged = document or event(event__dataset="console", event__action="case.open", user__id="bob", at=now, **fields)
    stored = {**forged, "event": {**forged["event"], "ingested": now}}
    index = index_for(trail.prefix, forged["@timestamp"])
    ensure_index(trail, index)
    trail.client.create(index=index, id=stored["event"]["id"], body=stored, params={"refresh": "true"})
    return str(stored["event"]["id"])


def settle_key(sealer: Sealer) -> RecordKey:
    """The newest key, announced long enough ago, and sealed."""
    record_keys.keep_record_key()
    sealer.step()
    RecordKey.objects.filter(first_size=None).update(at=timezone.now() - timedelta(hours=1))
    record_keys.keep_record_key()
    key = RecordKey.objects.last()
    assert key is not None
    return key
