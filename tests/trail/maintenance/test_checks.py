"""Whatever goes wrong with the trail is named, with what to do; a trail that nothing is wrong with is fine."""

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations import tasks
from operations.maintenance import services as maintenance
from operations.models import Checkpoint, Incident
from tests.support.factories.events import event, write
from trail import mapping
from trail.connection import Trail, connect
from trail.errors import TrailUnavailable
from trail.maintenance import cluster_settings, months, shards, snapshots
from trail.maintenance.checks import aliases, engine, events, fields, index_settings, indices, run
from trail.maintenance.checks.check import CheckContext, CheckState, Problem
from trail.maintenance.snapshots import Repository

pytestmark = pytest.mark.lone  # the engine's own settings and disks are checked, and changed
MONTH = "2026.01"
AT = "2026-01-15T00:00:00Z"


@pytest.fixture
def asked(trail: Trail) -> CheckContext:
    days = timedelta(days=7)
    return CheckContext(
        trail, datetime.now(UTC), days, f"r{uuid.uuid4().hex[:8]}", timedelta(hours=30), timedelta(hours=24)
    )


def said(problems: Iterator[Problem]) -> list[str]:
    return [problem.what for problem in problems]


def index_of(trail: Trail, month: str = MONTH) -> str:
    return f"{trail.prefix}-events-{month}"


def past_the_writer(
    trail: Trail, key: str = "past", *, index: str = "", without: tuple[str, ...] = (), **fields: Any
) -> None:
    """A document straight into the engine; like one of the writer's, except for what is said."""
    document = event(id=fields.pop("id", key), at=fields.pop("at", AT), **fields)
    document["event"].setdefault("ingested", "2026-01-15T00:00:01Z")
    for name in without:
        inner = document
        *path, last = name.split(".")
        for part in path:
            inner = inner[part]
        del inner[last]
    where = index or index_of(trail)
    if not trail.client.indices.exists(index=where):
        trail.client.indices.create(index=where)
    trail.client.create(index=where, id=key, body=document, params={"refresh": "true"})


def test_a_trail_that_nothing_is_wrong_with_is_fine(asked: CheckContext) -> None:
    write(asked.trail, event(id="now", at=asked.now.strftime("%Y-%m-%dT%H:%M:%SZ"), writer__id="w", event__sequence=0))
    snapshots.register_repository(asked.trail, Repository(asked.repository, "fs", {"location": asked.repository}))
    snapshots.take_snapshot(asked.trail, asked.repository, asked.now)
    findings = list(run.run_checks(replace(asked, now=datetime.now(UTC))))
    assert [finding for finding in findings if finding.state is not CheckState.FINE] == []
    assert [finding.check for finding in findings] == list(run.CHECKS)


def test_an_empty_trail_is_fine(asked: CheckContext) -> None:
    assert {finding.state for finding in run.run_checks(asked)} <= {CheckState.FINE, CheckState.NOTE}


def test_shards_are_counted_long_before_the_engine_opens_no_month_any_more(asked: CheckContext) -> None:
    write(asked.trail, event(at=AT), event(at="2026-02-15T00:00:00Z"))
    mapping.ensure_index(asked.trail, mapping.late_index(index_of(asked.trail)))
    count = shards.count_shards(asked.trail)
    assert (count.months, count.late) == (2, 1)
    assert said(engine.check_shards(asked)) == []
    try:
        for share, is_said in ((0.5, False), (0.85, True)):
            limit = int(count.used / share)
            asked.trail.client.cluster.put_settings(body={"transient": {shards.LIMIT: limit}})
            assert shards.count_shards(asked.trail).limit == limit
            problems = said(engine.check_shards(asked))
            assert bool(problems) == is_said
        assert "in which the trail has 2 months and beside them 1 indices for late events" in problems[0]
        assert "no new month can be opened" in problems[0]
    finally:
        asked.trail.client.cluster.put_settings(body={"transient": {shards.LIMIT: None}})


def test_an_engine_that_does_not_answer_is_not_fine(asked: CheckContext) -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    findings = list(run.run_checks(replace(asked, trail=nobody)))
    assert {finding.state for finding in findings} == {CheckState.UNKNOWN}
    assert len(findings) == len(run.CHECKS)


# --- The engine ------------------------------------------------------------------------------------------------------


@contextmanager
def cluster_setting(trail: Trail, name: str, value: str, **others: str) -> Iterator[None]:
    changed = {name: value} | others
    before = trail.client.cluster.get_settings(params={"flat_settings": "true"})["persistent"]
    trail.client.cluster.put_settings(body={"persistent": changed})
    try:
        yield
    finally:
        trail.client.cluster.put_settings(body={"persistent": {one: before.get(one) for one in changed}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("search.default_allow_partial_results", "true"), ("action.destructive_requires_name", "false"),
        ("search.default_search_timeout", "-1"), ("action.auto_create_index", "nothing*"),
    ],
)  # fmt: skip
def test_a_setting_of_the_cluster_that_the_trail_counts_on_is_named(asked: CheckContext, name: str, value: str) -> None:
    with cluster_setting(asked.trail, name, value):
        (what,) = said(engine.check_settings(asked))
    assert f"{name} is {value}" in what
    assert said(engine.check_settings(asked)) == []


def test_a_cluster_that_others_use_may_let_them_create_theirs(asked: CheckContext) -> None:
    with cluster_setting(asked.trail, "action.auto_create_index", f"-{asked.trail.prefix}-*, +*"):
        assert said(engine.check_settings(asked)) == []


def test_another_limit_of_time_does_as_well(asked: CheckContext) -> None:
    with cluster_setting(asked.trail, "search.default_search_timeout", "5m"):
        assert said(engine.check_settings(asked)) == []


def test_the_installer_says_what_differs_and_sets_it_when_told(trail: Trail) -> None:
    err = io.StringIO()
    with cluster_setting(trail, "search.default_allow_partial_results", "true"):
        call_command("install_trail", stdout=io.StringIO(), stderr=err)
        assert "search.default_allow_partial_results is true, and should be false" in err.getvalue()
        call_command("install_trail", "--cluster-settings", stdout=io.StringIO(), stderr=err)
        assert cluster_settings.find_differences(trail) == {}
    for name in cluster_settings.WANTED:
        trail.client.cluster.put_settings(body={"persistent": {name: None}})


def test_a_disk_below_a_watermark_is_named_with_its_effect(asked: CheckContext) -> None:
    mark = "cluster.routing.allocation.disk.watermark"
    others = {f"{mark}.high": "2mb", f"{mark}.flood_stage": "1mb"}
    with cluster_setting(asked.trail, f"{mark}.low", "99999gb", **others):
        (what,) = said(engine.check_disks(asked))
    assert "below the low watermark: no new shard is put on it" in what


@pytest.mark.parametrize(("mark", "bytes_free"), [("85%", 15), ("0.9", 10), ("20b", 20), ("1kb", 1024), ("", 0)])
def test_a_watermark_is_a_share_or_a_number_of_bytes(mark: str, bytes_free: float) -> None:
    assert engine._least(mark, 100) == pytest.approx(bytes_free)


def test_an_index_that_a_full_disk_closed_is_named(asked: CheckContext) -> None:
    write(asked.trail, event(at=AT))
    index = index_of(asked.trail)
    asked.trail.client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": True})
    assert said(engine.check_disks(asked)) == [f"{index} takes no writes, because a disk was full."]
    asked.trail.client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": None})


def test_replicas_that_are_not_there_and_replicas_that_nobody_asked_the_engine_for_are_named(
    asked: CheckContext,
) -> None:
    write(asked.trail, event(at=AT))
    index = index_of(asked.trail)
    more = replace(asked, trail=replace(asked.trail, replicas=1))
    assert said(engine.check_copies(asked)) == []
    assert said(engine.check_copies(more)) == [f"{index} has 0 replicas, and TRAIL_REPLICAS asks for 1."]
    asked.trail.client.indices.put_settings(index=index, body={"index.number_of_replicas": 1})
    assert said(engine.check_copies(more)) == [f"{index} lacks 1 of its copies."]


def test_a_lost_shard_is_named(asked: CheckContext) -> None:
    settings = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    asked.trail.client.indices.create(
        index=index_of(asked.trail), body=settings, params={"wait_for_active_shards": "0"}
    )
    assert said(engine.check_copies(asked)) == [
        f"{index_of(asked.trail)} has lost a shard: a part of the trail cannot be read."
    ]


def test_snapshots_that_are_missing_old_broken_or_lack_an_index_are_named(asked: CheckContext) -> None:
    write(asked.trail, event(at=AT))
    (first,) = engine.check_snapshots(asked)
    assert (first.state, first.what) == (CheckState.NOTE, "There is no snapshot yet; the first is taken at night.")
    later = replace(asked, now=asked.now + timedelta(hours=31))
    assert said(engine.check_snapshots(later)) == [f"There is no whole snapshot, in the repository {asked.repository}."]
    snapshots.register_repository(asked.trail, Repository(asked.repository, "fs", {"location": asked.repository}))
    snapshots.take_snapshot(asked.trail, asked.repository, asked.now)
    assert said(engine.check_snapshots(asked)) == []
    assert "is 31 hours old" in said(engine.check_snapshots(later))[0]
    body = {"indices": f"{asked.trail.prefix}-nothing*"}
    whole = {"wait_for_completion": "true"}
    asked.trail.client.snapshot.create(
        repository=asked.repository, snapshot=f"{asked.trail.prefix}-empty", body=body, params=whole
    )
    assert f"{index_of(asked.trail)} is not in the newest snapshot" in said(engine.check_snapshots(asked))[0]
    settings = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    asked.trail.client.indices.create(
        index=index_of(asked.trail, "2026.02"), body=settings, params={"wait_for_active_shards": "0"}
    )
    asked.trail.client.snapshot.create(
        repository=asked.repository,
        snapshot=f"{asked.trail.prefix}-half",
        params=whole,
        body={"indices": f"{asked.trail.prefix}-events-*", "partial": True},
    )
    assert f"{asked.trail.prefix}-half, is PARTIAL" in said(engine.check_snapshots(asked))[0]


# --- The indices -----------------------------------------------------------------------------------------------------


def test_a_template_that_is_not_there_of_another_version_or_changed_is_named(asked: CheckContext) -> None:
    client, name = asked.trail.client, asked.trail.events
    assert said(indices.check_template(asked)) == []
    body = mapping.build_template(asked.trail.prefix)
    client.indices.put_index_template(name=name, body=body | {"version": mapping.VERSION + 1})
    (newer,) = indices.check_template(asked)
    assert newer.todo == "Bring this console up to date."
    client.indices.put_index_template(name=name, body=body | {"version": 0})
    (older,) = indices.check_template(asked)
    assert (older.what.split(",")[0], older.todo) == (
        "The index template is of version 0",
        "Run manage.py install_trail.",
    )
    body["template"]["settings"]["index.append_only.enabled"] = False
    client.indices.put_index_template(name=name, body=body)
    assert said(indices.check_template(asked)) == [
        "The index template was changed by something else than manage.py install_trail."
    ]
    client.indices.delete_index_template(name=name)
    assert said(indices.check_template(asked)) == ["The index template is not there."]
    mapping.install(asked.trail)


def test_a_template_that_comes_before_the_trails_is_named(asked: CheckContext) -> None:
    other = f"other-{asked.trail.prefix}"
    body = {"index_patterns": [f"{asked.trail.prefix}-*"], "priority": 501, "template": {}}
    asked.trail.client.indices.put_index_template(name=other, body=body)
    try:
        (what,) = said(indices.check_template(asked))
    finally:
        asked.trail.client.indices.delete_index_template(name=other)
    assert f"The template {other} comes before" in what


def test_an_index_that_is_none_of_the_trails_is_named_and_one_that_lost_its_alias(asked: CheckContext) -> None:
    client, prefix = asked.trail.client, asked.trail.prefix
    write(asked.trail, event(at=AT))
    client.indices.create(index=f"{prefix}-events-stray")
    client.indices.delete_alias(index=index_of(asked.trail), name=asked.trail.events)
    client.indices.create(index=f"other-{prefix}", body={"aliases": {asked.trail.events: {}}})
    try:
        found = [*said(indices.check_names(asked)), *said(aliases.check_aliases(asked))]
    finally:
        client.indices.delete(index=f"other-{prefix}")
    assert found == [
        f"{prefix}-events-stray has a name of the trail's and is no month of it.",
        f"{index_of(asked.trail)} does not carry the alias {asked.trail.events}: whoever asks the alias does not find what it "
        "holds.",
        f"other-{prefix} carries the alias {asked.trail.events} and is no month of the trail: what it holds is searched as if it "
        "were the trail's.",
        f"{prefix}-events-stray carries the alias {asked.trail.events} and is no month of the trail: what it holds is searched "
        "as if it were the trail's.",
    ]


def test_an_alias_that_hides_events_and_an_index_that_is_closed_are_named(asked: CheckContext) -> None:
    client = asked.trail.client
    write(asked.trail, event(at=AT), event(at="2026-02-15T00:00:00Z"))
    only = {"filter": {"term": {"event.outcome": "failure"}}}
    client.indices.put_alias(index=index_of(asked.trail), name=asked.trail.events, body=only)
    client.indices.close(index=index_of(asked.trail, "2026.02"))
    assert [*said(indices.check_names(asked)), *said(aliases.check_aliases(asked))] == [
        f"{index_of(asked.trail, '2026.02')} is closed: searches leave it out.",
        f"The alias {asked.trail.events} of {index_of(asked.trail)} shows a part of it only.",
    ]
    client.indices.open(index=index_of(asked.trail, "2026.02"))


def test_an_index_that_was_not_made_by_the_trails_template_is_named_field_by_field(asked: CheckContext) -> None:
    body = mapping.build_template(asked.trail.prefix)
    del body["template"]["mappings"]["properties"]["trace"]
    properties = body["template"]["mappings"]["properties"]
    properties["user"]["properties"]["id"] = {"type": "wildcard"}
    properties["user"]["dynamic"] = "true"
    properties["mine"] = {"type": "keyword"}
    body["template"]["mappings"]["dynamic"] = "true"
    body["template"]["settings"] |= {"index.append_only.enabled": False, "index.translog.durability": "async"}
    asked.trail.client.indices.put_index_template(name=asked.trail.events, body=body)
    write(asked.trail, event(at=AT))
    problems = [
        *index_settings.check_index_settings(asked),
        *fields.check_fields(asked),
        *fields.check_field_options(asked),
    ]
    assert [problem.what.replace(index_of(asked.trail), "it") for problem in problems] == [
        "it has index.append_only.enabled = false, not true.",
        "it has index.translog.durability = async, not request: an acknowledged event may be in no file yet.",
        "it is not strict: it takes fields that the schema does not know.",
        "The field mine of it is none of the schema's.",
        "The field trace of it is missing.",
        "The field user of it is not strict.",
        'The field user.id of it is {"type":"wildcard","doc_values":true}, not {"type":"keyword"}.',
    ]


def test_a_month_that_should_be_finished_and_is_not_is_named(asked: CheckContext) -> None:
    client, index = asked.trail.client, index_of(asked.trail)
    for number in range(3):
        past_the_writer(asked.trail, f"{number}")
    assert said(indices.check_finished_months(asked)) == [f"{index} is over since 2026-02-08 and still takes writes."]
    client.indices.add_block(index=index, block="write")
    assert said(indices.check_finished_months(asked)) == [
        f"{index} takes no writes, and no index beside it takes what comes late."
    ]
    mapping.ensure_index(asked.trail, mapping.late_index(index))
    assert said(indices.check_finished_months(asked)) == [f"{index} is finished and has 3 segments instead of one."]
    list(months.finish_months(asked.trail, asked.now, asked.finish_after))
    while months.is_merging(asked.trail):
        pass
    assert said(indices.check_finished_months(asked)) == []
    client.indices.put_settings(index=index, body={"index.blocks.write": False})
    assert said(indices.check_finished_months(asked)) == [
        f"The write block of {index} was lifted, though late events lie beside it."
    ]


def test_a_month_whose_events_come_in_now_is_not_late(asked: CheckContext) -> None:
    write(asked.trail, event(at=AT), event(at="2027-01-01T00:00:00Z"))
    assert said(indices.check_finished_months(asked)) == []


# --- The events ------------------------------------------------------------------------------------------------------


def test_numbers_that_never_arrived_are_named_once_they_cannot_be_on_their_way(asked: CheckContext) -> None:
    write(asked.trail, *(event(writer__id="x", event__sequence=number) for number in (0, 3)))
    assert said(events.check_numbers(asked)) == []
    assert said(events.check_numbers(replace(asked, now=asked.now + timedelta(minutes=5)))) == [
        "Writer x: 1–2 never arrived."
    ]


def test_numbers_that_the_demonstration_leaves_out_are_a_note(asked: CheckContext) -> None:
    write(asked.trail, *(event(writer__id="demonstration/x", event__sequence=number) for number in (0, 3)))
    (problem,) = events.check_numbers(replace(asked, now=asked.now + timedelta(minutes=5)))
    assert (problem.what, problem.state) == ("Writer demonstration/x: 1–2 never arrived.", CheckState.NOTE)
    assert "demonstration" in problem.todo


def test_a_writer_that_fell_silent_is_noted_and_one_that_is_long_gone_is_not(asked: CheckContext) -> None:
    write(asked.trail, event(writer__id="x", event__sequence=0))
    assert list(events.check_silence(asked)) == []
    (problem,) = events.check_silence(replace(asked, now=asked.now + timedelta(days=2)))
    assert problem.state is CheckState.NOTE
    assert "writer x since" in problem.what
    assert list(events.check_silence(replace(asked, now=asked.now + timedelta(days=90)))) == []


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ({"without": ("event.ingested",)}, "does not say when it was taken."),
        ({"without": ("event.outcome",)}, "has no event.outcome."),
        ({"event__ingested": "2199-01-01T00:00:00Z"}, "says that it was taken in the future."),
        ({"event__outcome": "perhaps"}, "has an outcome that there is not."),
        ({"token__operation": "token.eat"}, "has a token operation that there is not."),
        ({"event__sequence": -1}, "has a number below 0."),
        ({"id": "another"}, "says that it is event another."),
        ({"at": "2026-02-01T00:00:00Z"}, "and is not of that month."),
        ({"at": "2025-12-31T23:59:59.999999999Z"}, "and is not of that month."),
    ],
)
def test_a_document_that_came_past_the_writer_is_named(asked: CheckContext, made: dict[str, Any], what: str) -> None:
    write(asked.trail, event(at=AT), event(at="2026-01-31T23:59:59.999999999Z"), event(at="2026-01-01T00:00:00Z"))
    assert said(events.check_strangers(asked)) == []
    past_the_writer(asked.trail, **made)
    (found,) = said(events.check_strangers(asked))
    assert found.startswith("Document past ")
    assert found.endswith(what)


def test_a_document_that_another_routing_hides_is_named(asked: CheckContext) -> None:
    write(asked.trail, event(at=AT))
    document = event(id="past", at=AT, event__ingested="2026-01-15T00:00:01Z")
    where = {"routing": "elsewhere", "refresh": "true"}
    asked.trail.client.create(index=index_of(asked.trail), id="past", body=document, params=where)
    assert said(events.check_strangers(asked)) == [
        f"Document past in {index_of(asked.trail)} lies where its id does not lead."
    ]


def test_an_event_that_lies_in_its_month_and_beside_it_is_named(asked: CheckContext) -> None:
    past_the_writer(asked.trail, "twice")
    past_the_writer(asked.trail, "twice", index=mapping.late_index(index_of(asked.trail)))
    assert said(events.check_strangers(asked)) == [f"Event twice lies in {index_of(asked.trail)} and beside it."]


def test_of_many_alike_the_first_is_named_and_the_others_counted(asked: CheckContext) -> None:
    for number in range(3):
        past_the_writer(asked.trail, f"{number}", event__outcome="perhaps")
    assert said(events.check_strangers(asked))[0].endswith(", and 2 more like it.")


def test_of_a_broken_trail_only_so_many_problems_are_shown(
    asked: CheckContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST", 2)
    for number in range(4):
        past_the_writer(asked.trail, f"{number}", id="other")
    found = [one.what for one in run.run_checks(asked) if one.check == "strangers"]
    assert len(found) == 3
    assert found[-1] == "There are more than these 2."


# --- The command and the duty ----------------------------------------------------------------------------------------


def checked(*arguments: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("check_trail", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


@pytest.mark.django_db
def test_the_command_says_what_is_wrong_and_what_to_do_to_people_and_to_programs(trail: Trail) -> None:
    assert checked()[1] == 0
    past_the_writer(trail, without=("event.ingested",))
    text, status = checked("--whole")
    assert status == 2
    assert "wrong   strangers       Document past in" in text
    assert "→ It did not come through the writer." in text
    lines, status = checked("--json")
    assert status == 2
    assert {json.loads(line)["state"] for line in lines.splitlines()} >= {"fine", "wrong"}


@pytest.mark.django_db
def test_what_could_not_be_checked_is_another_status(trail: Trail, no_trail: None) -> None:
    text, status = checked()
    assert status == 1
    assert "unknown" in text


@pytest.mark.django_db
def test_each_check_that_finds_something_is_an_incident_until_it_finds_nothing(trail: Trail) -> None:
    trail.client.indices.delete_index_template(name=trail.events)
    tasks.check_trail()
    (incident,) = Incident.objects.filter(kind="check")
    assert (incident.subject, incident.over_at) == ("check: template", None)
    assert incident.what == "The index template is not there. Run manage.py install_trail."
    mapping.install(trail)
    maintenance.check_trail()
    incident.refresh_from_db()
    assert incident.over_at is not None


@pytest.mark.django_db
def test_a_log_that_has_not_been_signed_for_minutes_is_named(trail: Trail) -> None:
    def sealing() -> tuple[CheckState, str]:
        (found,) = (one for one in maintenance.run_checks_of_trail() if one.check == "sealing")
        return found.state, found.what

    assert sealing() == (CheckState.NOTE, "Nothing is sealed yet.")
    Checkpoint.objects.create(size=7, root="00", at=datetime(2026, 11, 1, tzinfo=UTC), note="")
    state, what = sealing()
    assert state is CheckState.WRONG
    assert what == "7 events are sealed, up to 2026-11-01 00:00:00 UTC, and none since."
    Checkpoint.objects.create(size=8, root="00", at=datetime.now(UTC), note="")
    assert sealing()[0] is CheckState.FINE


def test_a_cluster_that_lets_nobody_set_anything_is_said() -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    with pytest.raises(TrailUnavailable, match="could not be changed"):
        cluster_settings.apply_settings(nobody)


def test_the_installer_says_when_the_engine_does_not_answer(no_trail: None) -> None:
    with pytest.raises(CommandError):
        call_command("install_trail")
