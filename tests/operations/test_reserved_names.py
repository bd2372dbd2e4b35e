"""The console's own names are refused wherever a person or a program could write under them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from core.errors import Refused
from operations.imports.formats import FORMATS
from operations.models import Decision, RejectedEvent, WriterKey
from operations.rejected import decisions
from operations.rejected.mappings import save_mapping
from operations.rejected.rules import BadRule, check_rules
from operations.writers import keys
from operations.writers.forms import KeyForm
from tests.support.factories.events import event
from tests.support.factories.incidents import rejected
from tests.support.factories.ingest import bulk, send, stored
from tests.support.factories.keys import bearer, writer_key
from trail.connection import Trail
from trail.reserved_names import is_reserved_dataset

pytestmark = pytest.mark.django_db
NAMES = [{"dataset": "console"}, {"dataset": "Console"}, {"writer": "auditconsole"}, {"writer": "AUDITCONSOLE"}]


@pytest.mark.parametrize("names", NAMES)
def test_no_key_is_made_for_a_name_of_the_console(trail: Trail, ada: User, names: dict[str, str]) -> None:
    form = KeyForm({"name": "Tokens", "scope": "events:write", "writer": "tokens-1", "dataset": "test"} | names)
    assert not form.is_valid()
    assert "the console's own" in form.errors[next(iter(names))][0]
    with pytest.raises(Refused, match="the console's own"):
        writer_key(ada, **names)
    options = {f"--{name}={value}" for name, value in ({"writer": "w", "dataset": "d"} | names).items()}
    with pytest.raises(CommandError, match="the console's own"):
        call_command("make_writer_key", "Tokens", "--by=ada", *options)
    assert not WriterKey.objects.exists()


@pytest.mark.parametrize("names", NAMES)
def test_a_key_from_before_the_names_were_reserved_writes_nothing_and_is_not_rotated(
    client: Client, trail: Trail, ada: User, names: dict[str, str]
) -> None:
    key, secret = writer_key(ada)
    WriterKey.objects.filter(pk=key.pk).update(**names)
    forged = event(id="forged", event__dataset=names.get("dataset", "test"))
    answer = send(client, bearer(secret), forged)
    assert answer.status_code == 422
    assert "reserved" in answer.json()["events"][0]["expected"]
    assert stored(trail) == {}
    assert RejectedEvent.objects.get().text == json.dumps(forged, separators=(",", ":"))
    with pytest.raises(Refused, match="the console's own"):
        keys.rotate_key(key, by=ada)


@pytest.mark.parametrize(
    "fields", [{"event__dataset": "console"}, {"writer__id": "auditconsole"}, {"signature__key_id": "00000000"}]
)
def test_an_entry_under_a_name_of_the_console_is_rejected_and_the_others_are_written(
    client: Client, headers: dict[str, str], trail: Trail, fields: dict[str, str]
) -> None:
    answer = send(client, headers, event(id="forged", **fields), event(id="mine"))
    forged, mine = answer.json()["events"]
    assert (forged["status"], mine["status"]) == ("invalid", "created")
    assert "the console" in forged["expected"]
    assert set(stored(trail)) == {"mine"}
    assert RejectedEvent.objects.get().field.split(".")[0] == next(iter(fields)).split("__")[0]


def test_a_shipper_s_record_that_says_it_is_the_console_s_does_not_become_one(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    record = event(id="forged", event__dataset="console")
    answer = bulk(client, headers, {"create": {}}, record)
    assert all(not is_reserved_dataset(document["event"]["dataset"]) for document in stored(trail).values())
    assert answer.status_code == 200


def test_no_format_is_of_the_console() -> None:
    assert not [format.name for format in FORMATS.values() if is_reserved_dataset(format.dataset)]


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_import_rejects_what_says_it_is_the_console_s(trail: Trail, tmp_path: Path, dry_run: bool) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(event(id="forged", event__dataset="console")) + "\n")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_events", str(file), format="ecs", rejects=tmp_path / "r", dry_run=dry_run, stdout=out)
    assert ended.value.code == 3
    assert "reserved for the console's own records" in out.getvalue()
    assert stored(trail) == {}


@pytest.mark.parametrize(
    "rule",
    [
        {"do": "set", "field": "event.dataset", "value": "console"},
        {"do": "set", "field": "writer.id", "value": "auditconsole"},
        {"do": "copy", "from": "message", "to": "signature.value"},
    ],
)
def test_no_mapping_is_saved_that_makes_a_record_of_the_console(trail: Trail, ada: User, rule: dict[str, Any]) -> None:
    with pytest.raises(BadRule, match="the console"):
        save_mapping(name="m", rules=[rule], by=ada)


@pytest.mark.parametrize("has_mapping", [True, False])
def test_a_rejected_event_does_not_become_a_record_of_the_console_by_a_decision(
    trail: Trail, ada: User, has_mapping: bool
) -> None:
    rename = [{"do": "rename", "from": "dataset", "to": "event.dataset"}]
    mapping = save_mapping(name="m", rules=check_rules(rename), by=ada) if has_mapping else None
    forged = event(id="forged", event__dataset="test" if has_mapping else "console")
    row = rejected(json.dumps(forged | ({"dataset": "console"} if has_mapping else {})), "billing")
    assert "reserved" in decisions.preview_decision([row], mapping)[0].reason
    decision = decisions.make_decision(
        kind=Decision.Kind.WRITE, rows=RejectedEvent.objects.filter(pk=row.pk), by=ada, mapping=mapping
    )
    (outcome,) = decisions.work_on_batch(decision)
    assert (outcome.status, stored(trail)) == ("invalid", {})
