"""The engine itself keeps the promises: strict, append-only, one index a month; and the schema grows without losing any."""

import json
from pathlib import Path

import pytest
from opensearchpy.exceptions import RequestError, TransportError

from tests.support.factories.events import event, write
from trail import mapping
from trail.connection import Trail, connect
from trail.errors import InvalidEvent, SchemaConflict, TrailUnavailable
from trail.events import parse_event


def test_every_field_of_the_schema_is_taken_and_found(trail: Trail) -> None:
    whole = event(
        id="whole",
        at="2026-11-01T10:00:00.123456789Z",
        event__category=["iam"],
        event__type=["creation"],
        event__reason="r",
        event__sequence=1,
        event__original='{"n":1.50,"big":9223372036854775808,"deep":{"a":[1]}}',
        writer__id="w",
        user__id="u",
        user__name="n",
        user__email="e@x.test",
        user__roles=["a"],
        service__name="s",
        service__type="t",
        organization__id="o",
        organization__name="on",
        source__ip="2001:db8::1",
        source__address="host",
        source__port=443,
        source__geo__country_iso_code="DE",
        source__geo__location="52.5,13.4",
        source__as__number=64496,
        user_agent__original="curl/8",
        http__request__id="h",
        http__request__method="GET",
        url__path="/v1",
        url__domain="x.test",
        resource__type="rt",
        resource__id="ri",
        resource__name="rn",
        token__operation="token.verify",
        token__id="t",
        token__fingerprint="f",
        token__kind="user",
        token__parent_fingerprint="p",
        token__expires_at="2027-01-01T00:00:00Z",
        token__cache_hit=False,
        token__caveats__count=2,
        token__caveats__types=["x"],
        token__caveats__added=["y"],
        token__caveats__json="[]",
        token__discharges=[{"location": "l", "ticket_hash": "th", "outcome": "success"}],
        token__revocation__scope="token",
        trace__id="tr",
        message="a sentence",
        labels={"team": "red"},
        raw={"n": 1.5, "big": 2**63, "deep": {"a": [1]}},
    )
    write(trail, whole)
    (hit,) = trail.client.search(index=trail.events)["hits"]["hits"]
    assert hit["_source"].pop("event").items() >= whole.pop("event").items()
    assert hit["_source"] == whole


def test_an_unknown_field_is_refused_by_the_engine_too(trail: Trail) -> None:
    write(trail, event())
    with pytest.raises(RequestError, match="strict_dynamic"):
        trail.client.index(index=f"{trail.prefix}-events-2026.11", body={"nobody": "knows"})


def test_nothing_is_changed_or_deleted_once_it_is_written(trail: Trail) -> None:
    write(trail, event(id="kept"))
    index = f"{trail.prefix}-events-2026.11"
    for attempt in (
        lambda: trail.client.update(index=index, id="kept", body={"doc": {"message": "other"}}),
        lambda: trail.client.delete(index=index, id="kept"),
        lambda: trail.client.index(index=index, id="kept", body={"@timestamp": "2026-11-01T00:00:00Z"}),
        lambda: trail.client.delete_by_query(index=index, body={"query": {"match_all": {}}}),
        lambda: trail.client.indices.put_settings(index=index, body={"index.append_only.enabled": False}),
    ):
        with pytest.raises(TransportError):
            attempt()
    assert trail.client.get(index=index, id="kept")["found"]


def test_a_trail_that_does_not_answer_is_said_to_be_unavailable() -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    with pytest.raises(TrailUnavailable):
        mapping.install(nobody)
    with pytest.raises(TrailUnavailable):
        mapping.ensure_index(nobody, "trail-events-2026.11")


def test_only_an_index_of_the_trail_is_made(trail: Trail) -> None:
    with pytest.raises(ValueError, match="not an index of this trail"):
        mapping.ensure_index(trail, "somewhere-else")


def test_a_month_that_takes_no_change_after_a_full_disk_keeps_nobody_from_starting(trail: Trail) -> None:
    write(trail, event(at="2026-11-01T10:00:00Z"))
    settings = {"index": trail.events, "params": {"flat_settings": "true"}}
    trail.client.indices.put_settings(body={"index.blocks.read_only_allow_delete": True}, **settings)
    try:
        mapping.install(trail)
    finally:
        trail.client.indices.put_settings(body={"index.blocks.read_only_allow_delete": None}, **settings)


def test_the_installed_version_is_known(trail: Trail) -> None:
    assert mapping.read_installed_version(trail) == mapping.VERSION
    assert mapping.read_installed_version(Trail(trail.client, "nobody")) is None


def test_an_older_console_does_not_replace_a_newer_template(trail: Trail) -> None:
    newer = mapping.build_template(trail.prefix) | {"version": mapping.VERSION + 1}
    trail.client.indices.put_index_template(name=f"{trail.prefix}-events", body=newer)
    mapping.install(trail)
    assert mapping.read_installed_version(trail) == mapping.VERSION + 1


def test_a_new_field_reaches_the_months_that_are_there(trail: Trail) -> None:
    older = mapping.build_template(trail.prefix)
    del older["template"]["mappings"]["properties"]["trace"]
    trail.client.indices.put_index_template(name=f"{trail.prefix}-events", body=older | {"version": 0})
    write(trail, event(id="before"))
    mapping.install(trail)
    write(trail, event(id="after", trace__id="t"))
    assert trail.client.count(index=trail.events)["count"] == 2


def frozen(trail: Trail, data: Path) -> None:
    """The trail as the first version made it."""
    body = json.loads((data / "template-v1.json").read_text().replace("PREFIX", trail.prefix))
    trail.client.indices.put_index_template(name=trail.events, body=body)


def test_a_trail_of_the_first_version_grows_into_this_one_with_every_event_in_it(trail: Trail, data: Path) -> None:
    frozen(trail, data)
    write(trail, event(id="old", user__id="ada", user_agent__original="curl/8"))
    mapping.install(trail)
    write(trail, event(id="new", user__id="ada", host__name="db1"), event(at="2026-12-01T00:00:00Z", host__name="db1"))
    for query, found in (("user.id:ada", 2), ("host.name:db1", 2), ("user_agent.original:curl*", 1)):
        assert trail.client.count(index=trail.events, params={"q": query})["count"] == found
    made = trail.client.indices.get_mapping(index=trail.events).values()
    wanted = mapping.build_template(trail.prefix)["template"]["mappings"]["properties"]
    assert [list(mapping.find_differences(wanted, one["mappings"]["properties"])) for one in made] == [[], []]
    assert {one["mappings"]["_meta"]["version"] for one in made} == {mapping.VERSION}


def test_a_finished_month_gets_new_fields_too(trail: Trail, data: Path) -> None:
    frozen(trail, data)
    write(trail, event(id="old"))
    index = f"{trail.prefix}-events-2026.11"
    trail.client.indices.add_block(index=index, block="write")
    mapping.install(trail)
    assert "host" in trail.client.indices.get_mapping(index=index)[index]["mappings"]["properties"]


def test_an_older_process_writes_what_it_knows_into_a_newer_trail_and_nothing_that_it_does_not(trail: Trail) -> None:
    newer = mapping.build_template(trail.prefix)
    newer["template"]["mappings"]["properties"]["hereafter"] = {"type": "keyword"}
    trail.client.indices.put_index_template(name=trail.events, body=newer | {"version": mapping.VERSION + 1})
    mapping.install(trail)
    write(trail, event(id="from-an-older-process"))
    assert mapping.read_installed_version(trail) == mapping.VERSION + 1
    made = trail.client.indices.get_mapping(index=trail.events)[f"{trail.prefix}-events-2026.11"]["mappings"][
        "properties"
    ]
    assert "hereafter" in made
    with pytest.raises(InvalidEvent):
        parse_event(event(hereafter="?"))


def test_a_field_that_would_change_is_refused_before_anything_is_touched(trail: Trail) -> None:
    other = mapping.build_template(trail.prefix)
    other["template"]["mappings"]["properties"]["user"]["properties"]["id"] = {"type": "long"}
    del other["template"]["mappings"]["properties"]["trace"]
    trail.client.indices.put_index_template(name=trail.events, body=other | {"version": 0})
    write(trail, event(id="before"))
    before = trail.client.indices.get_mapping(index=trail.events)
    with pytest.raises(SchemaConflict, match=r"The field user\.id of .*2026\.11 is \{\"type\":\"long\"\}, not"):
        mapping.install(trail)
    assert mapping.read_installed_version(trail) == 0
    assert trail.client.indices.get_mapping(index=trail.events) == before
