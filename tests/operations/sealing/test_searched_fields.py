"""What is searched and not sealed is compared: `raw` with the sealed text it is derived from, `event.ingested` with the seal."""

import json
from typing import Any

import pytest

from accounts.models import User
from operations.models import Cursor, Incident
from operations.sealing import services
from operations.sealing.errors import NotAdopted
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.verify_command import run_verify_trail
from trail.connection import Trail

ORIGINAL = '{"user": {"name": "mallory"}, "n": 1}'


def _verify() -> dict[str, Any]:
    return run_verify_trail()[1]


def _replace_by(trail: Trail, document: dict[str, Any], *, keeps_ingested: bool = True) -> None:
    """The index again, with this event in place of the one of its id, as somebody with the cluster may write it."""
    index = f"{trail.prefix}-events-2026.11"
    stored = [hit["_source"] for hit in trail.client.search(index=index, body={"sort": ["_seq_no"]})["hits"]["hits"]]
    trail.client.indices.delete(index=index)
    trail.client.indices.create(index=index)
    for at, source in enumerate(stored):
        new = document if source["event"]["id"] == document["event"]["id"] else source
        if keeps_ingested:
            new["event"]["ingested"] = source["event"]["ingested"]
        trail.client.create(index=index, id=new["event"]["id"], body=new, params={"refresh": "true"})
        stored[at] = new


@pytest.fixture
def documents(sealer: Sealer, trail: Trail) -> list[dict[str, Any]]:
    documents = [event(), event(id="e", raw=json.loads(ORIGINAL), event__original=ORIGINAL), event()]
    write(trail, *documents)
    assert sealer.step() == 3
    assert _verify()["intact"]
    return documents


def test_a_raw_that_was_rewritten_is_named_though_every_leaf_is_proved(
    documents: list[dict[str, Any]], trail: Trail
) -> None:
    _replace_by(trail, {**documents[1], "raw": {"user": {"name": "ann"}, "n": 1}})
    findings = _verify()["findings"]
    assert [(finding["kind"], finding["events"]) for finding in findings] == [("searched", ["e"])]
    assert "raw, which is searched, is not what the sealed event.original says" in findings[0]["what"]
    assert "e" in Incident.objects.get(kind="tampered", subject="verification").what


def test_an_index_with_a_rewritten_raw_is_not_adopted(documents: list[dict[str, Any]], trail: Trail, ada: User) -> None:
    _replace_by(trail, {**documents[1], "raw": {"user": {"name": "ann"}, "n": 1}})
    (cursor,) = Cursor.objects.all()
    with pytest.raises(NotAdopted, match="raw, which is searched"):
        services.adopt_index(cursor.index, by=ada, reason="restored")


def test_an_event_past_the_writer_whose_raw_contradicts_its_text_is_named_when_it_is_sealed(
    documents: list[dict[str, Any]], sealer: Sealer, trail: Trail
) -> None:
    forged = event(id="forged", event__original=ORIGINAL, event__ingested="2026-11-01T00:00:01Z", raw={"user": "ann"})
    trail.client.create(index=f"{trail.prefix}-events-2026.11", id="forged", body=forged, params={"refresh": "true"})
    assert sealer.step() == 1
    incident = Incident.objects.get(kind="tampered")
    assert "forged (its raw.n is not what its event.original says)" in incident.what


def test_an_event_that_is_said_to_have_come_after_its_seal_is_named(
    documents: list[dict[str, Any]], sealer: Sealer, trail: Trail
) -> None:
    """A search that is bound to what had arrived by now does not find it."""
    sealer._signed = float("-inf")
    sealer.step()  # signs anew, and keeps it
    index = f"{trail.prefix}-events-2026.11"
    stored = trail.client.get(index=index, id="e")["_source"]
    stored["event"]["ingested"] = "2099-01-01T00:00:00Z"
    _replace_by(trail, stored, keeps_ingested=False)
    findings = _verify()["findings"]
    assert [(finding["kind"], finding["events"]) for finding in findings] == [("searched", ["e"])]
    assert "event.ingested is later than the seal" in findings[0]["what"]
