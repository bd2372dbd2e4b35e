"""The console's user needs no right to delete or to change: every request that is really sent, and every call in the code."""

import ast
import io
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
from django.core.management import call_command
from opensearchpy import Transport

from operations.maintenance import services as maintenance
from tests.support import trails
from tests.support.factories.events import event
from tests.support.found_events import scan_all
from trail import arrivals, connection, mapping, questions
from trail.connection import Trail
from trail.first_seen import coverage, index, keeper
from trail.maintenance import months, sequences, snapshots
from trail.search import execute, lineage
from trail.search.engine import cancel_searches
from trail.search.spec import WHOLE_TRAIL, Search
from trail.writing.writer import write

ROOT = Path(__file__).resolve().parents[3]
# What the engine calls each request (the names that its security plugin grants), by method and address.
ACTIONS = {
    r"POST (/[^/]+)?/_bulk": "indices:data/write/bulk",
    r"PUT /[^/]+-firsts/_doc/[^/]+": "indices:data/write/index",
    r"DELETE /[^/]+-firsts": "indices:admin/delete",
    r"(GET|POST) (/[^/]+)?/_mget": "indices:data/read/mget",
    r"POST /_msearch": "indices:data/read/msearch",
    r"POST /[^/]+/_search|POST /_search": "indices:data/read/search",
    r"POST /[^/]+/_search/point_in_time": "indices:data/read/point_in_time/create",
    r"DELETE /_search/point_in_time": "indices:data/read/point_in_time/delete",
    r"PUT /_index_template/[^/]+": "indices:admin/index_template/put",
    r"GET /_index_template(/[^/]+)?": "indices:admin/index_template/get",
    r"PUT /[^/_][^/]*": "indices:admin/create",
    r"(HEAD|GET) /[^/_][^/]*": "indices:admin/get",
    r"PUT /[^/]+/_mapping": "indices:admin/mapping/put",
    r"GET /[^/]+/_mapping": "indices:admin/mappings/get",
    r"(HEAD|GET) (/[^/]+)?/_alias(/[^/]+)?": "indices:admin/aliases/get",
    r"POST /[^/]+/_refresh": "indices:admin/refresh",
    r"PUT /[^/]+/_block/write": "indices:admin/block/add",
    r"POST /[^/]+/_forcemerge": "indices:admin/forcemerge",
    r"GET /[^/]+/_settings(/[^/]+)?": "indices:monitor/settings/get",
    r"GET /[^/]+/_stats(/[^/]+)?": "indices:monitor/stats",
    r"GET /[^/]+/_recovery": "indices:monitor/recovery",
    r"GET /_cat/indices/[^/]+": "indices:monitor/stats",
    r"GET /_cluster/health(/[^/]+)?": "cluster:monitor/health",
    r"GET /_cluster/settings": "cluster:monitor/state",
    r"GET /_cluster/state(/[^/]+){1,2}": "cluster:monitor/state",
    r"GET /_nodes/stats/fs": "cluster:monitor/nodes/stats",
    r"GET /_tasks": "cluster:monitor/tasks/lists",
    r"PUT /_snapshot/[^/]+": "cluster:admin/repository/put",
    r"PUT /_snapshot/[^/]+/[^/]+": "cluster:admin/snapshot/create",
    r"GET /_snapshot/[^/]+/[^/]+": "cluster:admin/snapshot/get",
    r"GET /_snapshot/[^/]+/[^/]+/_status": "cluster:admin/snapshot/status",
    r"POST /_snapshot/[^/]+/[^/]+/_restore": "cluster:admin/snapshot/restore",
}
NEVER = (
    "indices:admin/delete", "indices:data/write/delete", "indices:data/write/delete/byquery", "indices:data/write/update",
    "indices:data/write/update/byquery", "indices:data/write/reindex", "indices:admin/settings/update",
    "indices:admin/close", "indices:admin/index_template/delete", "cluster:admin/snapshot/delete",
    "cluster:admin/settings/update", "cluster:admin/repository/delete", "indices:admin/aliases",
)  # fmt: skip


def role(name: str, *, firsts: bool = False) -> set[str]:
    """Every action that a role in docs/trail/maintenance.md grants: of what holds events, or of the index of what is first seen, derived from it."""
    _, _, rest = (ROOT / "docs" / "trail" / "maintenance.md").read_text().partition(f"\n{name}:\n")
    parts = re.sub(r"#.*", "", re.split(r"\n(?=\w|```)", rest)[0]).split("- index_patterns:")
    mine = [part for number, part in enumerate(parts) if ('["trail-firsts"]' in part) == (firsts and number > 0)]
    return {action for part in mine for action in re.findall(r"[a-z]+:[a-z]+/[a-z_/*]+", part)}


def grants(granted: set[str], action: str) -> bool:
    return any(fnmatchcase(action, one) for one in granted)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every request that any client sends, as `METHOD /address`."""
    requests: set[str] = set()
    perform = Transport.perform_request

    def recorded(self: Transport, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        if not current_thread().name.startswith(trails.THREAD):
            requests.add(f"{method} {url.partition('?')[0]}")
        return perform(self, method, url, *arguments, **options)

    monkeypatch.setattr(Transport, "perform_request", recorded)
    return requests


def actions(sent: set[str]) -> set[str]:
    found = set()
    for request in sent:
        known = [action for pattern, action in ACTIONS.items() if re.fullmatch(pattern, request)]
        assert known, f"{request} is covered by no right in docs/trail/maintenance.md"
        found.add(known[0])
    return found


def _write(trail: Trail) -> None:
    old = event(id="old", at="2026-01-01T00:00:00Z", writer__id="w", event__sequence=0)
    write(trail, [old, event(id="new", token__id="t", user__id="u")], refresh=True)
    write(trail, [old])


def _read(trail: Trail) -> None:
    execute.read_page(trail, Search(), WHOLE_TRAIL)
    assert len(scan_all(trail)) == 2
    execute.find_placed(trail, [("", "new")], WHOLE_TRAIL)
    cancel_searches(trail, "nobody's")
    token = questions.parse_token_ref("t")
    questions.ask_token(trail, token, WHOLE_TRAIL)
    questions.ask_tokens_issued(trail, "u", WHOLE_TRAIL)
    lineage.follow_family(trail, token, WHOLE_TRAIL)
    list(sequences.find_gaps(trail))
    connection.read_engine_status(trail)


def _seal(trail: Trail) -> None:
    there = arrivals.list_indices(trail)
    arrivals.refresh(trail, set(there))
    for shard in arrivals.list_shards(trail):
        list(arrivals.read_windows(trail, shard.index, shard.number, 0, shard.settled))


def _find_firsts(trail: Trail) -> None:
    keeper.run_step(trail)
    write(trail, [event(id="before", at="2025-01-01T00:00:00Z", token__id="t", user__id="u", source__ip="192.0.2.1")])
    assert keeper.run_step(trail).events == 1
    assert sum(keeper.rebuild_index(trail)) == 3
    assert coverage.read_coverage(trail).waiting == 0
    scan_all(trail, Search(text="novelty:any"))


def _keep(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    list(months.finish_months(trail, datetime.now(UTC) + timedelta(days=400), timedelta(days=7)))
    write(trail, [event(id="late", at="2026-01-01T00:00:00Z")])
    name = f"r{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr("django.conf.settings.TRAIL_SNAPSHOT_REPOSITORY", name)
    monkeypatch.setattr("django.conf.settings.TRAIL_SNAPSHOT_SETTINGS", {"location": name})
    monkeypatch.setattr(snapshots, "POLL", 0.01)
    call_command("snapshot_trail", stdout=io.StringIO())
    call_command("restore_trail", "newest", "--compare", stdout=io.StringIO())
    maintenance.check_trail()


@pytest.mark.django_db
def test_whatever_the_console_sends_its_role_grants_and_nothing_of_it_deletes_or_changes(
    trail: Trail, sent: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("install_trail", stdout=io.StringIO())
    _write(trail)
    _read(trail)
    _seal(trail)
    _find_firsts(trail)
    _keep(trail, monkeypatch)
    of_firsts = {request for request in sent if request.split("/")[1].endswith("-firsts")}
    granted = role("trail_console", firsts=True)
    assert {action for action in actions(of_firsts) if not grants(granted, action)} == set()
    needed = actions(sent - of_firsts)
    assert {action for action in needed if not grants(role("trail_console"), action)} == set()
    assert needed & set(NEVER) == set()
    for name in trail.client.indices.get(index=f"restored-{trail.prefix}-*"):
        trail.client.indices.delete(index=name)


def test_a_service_that_only_writes_needs_no_more_than_the_writers_role(trail: Trail, sent: set[str]) -> None:
    old = event(id="old", at="2026-01-01T00:00:00Z")
    write(trail, [old])
    write(trail, [old])
    trail.client.indices.add_block(index=f"{trail.prefix}-events-2026.01", block="write")
    mapping.ensure_index(trail, f"{trail.prefix}-events-2026.01-late")
    sent.clear()
    trail.known_indices.clear()
    write(trail, [old, event(id="late", at="2026-01-01T00:00:00Z"), event(at="2026-02-01T00:00:00Z")])
    assert {action for action in actions(sent) if not grants(role("trail_writer"), action)} == set()


@pytest.mark.parametrize("name", ["trail_console", "trail_writer"])
def test_no_role_grants_what_could_take_an_event_away_or_change_it(name: str) -> None:
    assert len(role(name)) > 8
    assert {action for action in NEVER if grants(role(name), action)} == set()


# Calls that take away from the engine or change what is in it; `delete` of a client or of its indices, snapshots, …
_FORBIDDEN = {"delete_by_query", "update_by_query", "reindex", "delete_index_template", "delete_template", "put_settings",
              "delete_alias", "delete_repository", "update", "delete", "close"}  # fmt: skip
_OF_THE_ENGINE = {"client", "indices", "snapshot", "cluster"}


def _forbidden_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FORBIDDEN:
            of = node.func.value
            if isinstance(of, ast.Attribute) and of.attr in _OF_THE_ENGINE:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {of.attr}.{node.func.attr}"
        if isinstance(node, ast.Call) and any(
            isinstance(one, ast.Constant) and one.value == "DELETE" for one in node.args
        ):
            yield f"{path.relative_to(ROOT)}:{node.lineno} DELETE"


def test_no_code_path_deletes_changes_or_closes_anything_in_the_engine() -> None:
    rooms = ("trail", "operations", "investigations", "accounts", "auditconsole")
    found = [call for room in rooms for path in (ROOT / room).rglob("*.py") for call in _forbidden_calls(path)]
    # A client is closed, which ends connections; and one command sets the cluster's settings for an admin who asks for it.
    # The index of first seen is no part of the trail, and what is in it is found anew (tests/trail/first_seen).
    allowed = re.compile(
        r"client\.close|trail/maintenance/cluster_settings\.py:\d+ cluster\.put_settings|trail/first_seen/index\.py:\d+ indices\.delete"
    )
    assert [call for call in found if not allowed.search(call)] == []


def test_what_can_be_taken_away_is_the_index_of_firsts_and_no_name_that_an_index_of_events_has(trail: Trail) -> None:
    write(trail, [event()], refresh=True)
    keeper.run_step(trail)
    before = set(trail.client.indices.get(index=f"{trail.prefix}-*"))
    index.drop_index(trail)
    assert before - set(trail.client.indices.get(index=f"{trail.prefix}-*")) == {f"{trail.prefix}-firsts"}
    assert mapping.month_of(trail.prefix, f"{trail.prefix}-firsts") is None


def test_the_look_through_the_code_sees_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    source = tmp_path / "bad.py"
    source.write_text(
        't.client.delete_by_query()\nt.client.indices.delete(index="x")\nt.perform_request("DELETE", "/x")\n'
    )
    assert len(list(_forbidden_calls(source))) == 3
