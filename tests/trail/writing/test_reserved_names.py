"""Nobody but the console writes under its names, by whichever way an event comes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.factories.events import event
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import parse_event
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool
from trail.writing.emitter import Emitter
from trail.writing.shipper import Shipped, Shipper
from trail.writing.writer import Outcome, attempt_writes, write, write_many

RESERVED = [
    {"event__dataset": "console"},
    {"event__dataset": "Console "},
    {"writer__id": "auditconsole"},
    {"signature__key_id": "00000000"},
]


@pytest.mark.parametrize("fields", RESERVED)
@pytest.mark.parametrize("write_all", [write, attempt_writes, write_many])
@pytest.mark.parametrize("is_checked", [True, False])
def test_the_writer_takes_no_record_of_the_console_from_others(
    trail: Trail, fields: dict[str, str], write_all: Callable[..., Any], is_checked: bool
) -> None:
    forged = event(id="forged", **fields)
    forged_outcome, outcome = write_all(trail, [parse_event(forged) if is_checked else forged, event(id="mine")])
    assert (forged_outcome.event_id, forged_outcome.status) == ("forged", "invalid")
    assert "the console" in forged_outcome.reason
    assert outcome == Outcome("mine", "created")


def test_a_service_whose_spool_holds_a_record_of_the_console_has_it_set_aside(trail: Trail, tmp_path: Path) -> None:
    with Spool(tmp_path / "spool") as spool:
        spool.append(orjson.dumps(event(id="forged", event__dataset="console")), orjson.dumps(event(id="mine")))
    with SpoolReader(tmp_path / "spool") as reader:
        shipped = Shipper(trail, reader, tmp_path / "rejected").run(follow=False)
    assert shipped == Shipped(created=1, rejected=1)
    (path,) = (tmp_path / "rejected").glob("*.json")
    assert "reserved" in orjson.loads(path.read_bytes())["reason"]


def test_an_emitter_refuses_a_record_of_the_console_before_it_is_spooled(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, Emitter(None, writer_id="tokens-1", mode="spooled", spool=spool) as emitter:
        with pytest.raises(InvalidEvent, match="reserved"):
            emitter.emit(event(event__dataset="console"))
        assert spool.last is None


@pytest.mark.parametrize("name", ["AuditConsole", "demonstration/api", " Demonstration/x"])
def test_no_emitter_bears_a_name_of_the_console_or_of_the_demonstration(tmp_path: Path, name: str) -> None:
    with Spool(tmp_path) as spool, pytest.raises(ValueError, match="reserved"):
        Emitter(None, writer_id=name, mode="spooled", spool=spool)
