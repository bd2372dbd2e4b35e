"""The engine's responses are whole, or say what they lack, or are an error; and what it works for can be seen and ended."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.support.factories.events import event, write
from trail.connection import Trail, connect
from trail.errors import BadQuery, Incomplete, TrailUnavailable
from trail.search import execute
from trail.search.bodies.page import build_figures, build_hits
from trail.search.engine import EngineProgress, cancel_searches, read_progress
from trail.search.responses import describe_missing, expect_whole
from trail.search.spec import WHOLE_TRAIL, Search


def test_a_page_that_lacks_a_shard_says_so_and_is_never_taken_for_a_whole_one(full: Trail) -> None:
    assert execute.read_page(full, Search(), WHOLE_TRAIL).missing == ""
    properties = {"event": {"properties": {"outcome": {"type": "match_only_text"}}}}
    full.client.indices.create(index=f"{full.prefix}-events-strange", body={"mappings": {"properties": properties}})
    write(full, event(id="e-after"))
    page = execute.read_page(full, Search(), WHOLE_TRAIL)
    assert page.missing.startswith("1 of 4 shards did not answer (")
    assert page.total == 501
    with pytest.raises((Incomplete, BadQuery)):
        execute.ask_all(
            full, {"events": build_hits(Search(), WHOLE_TRAIL), "figures": build_figures(Search(), WHOLE_TRAIL)}
        )


def test_cancelling_ends_every_part_of_a_running_page_in_the_engine(full: Trail) -> None:
    ended: list[Exception | None] = []
    slow = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": SLOW}}}, "size": 1}

    def ask() -> None:
        try:
            figures = slow | {"aggs": build_figures(Search(), WHOLE_TRAIL)["aggs"]}
            execute.ask_all(full, {"events": slow, "figures": figures}, opaque_id="page-x", in_part=True)
            ended.append(None)
        except (TrailUnavailable, BadQuery) as error:
            ended.append(error)

    def tasks() -> list[dict[str, Any]]:
        nodes = full.client.tasks.list(params={"actions": "*search*", "detailed": "true"})["nodes"]
        found = [task for node in nodes.values() for task in node["tasks"].values()]
        return [task for task in found if task["headers"].get("X-Opaque-Id") == "page-x"]

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 20
    while not (seen := read_progress(full, "page-x")).parts and thread.is_alive() and time.monotonic() < deadline:
        pass
    assert seen.running
    assert 0 < seen.parts <= seen.of == 3
    assert set(seen.indices) <= {f"{full.prefix}-events-2026.{month:02d}" for month in (9, 10, 11)}
    assert cancel_searches(full, "page-x") == 1
    assert all(task["cancelled"] for task in tasks())
    thread.join(60)
    assert isinstance(ended[0], TrailUnavailable | BadQuery)
    assert tasks() == []
    assert cancel_searches(full, "run-nobody") == 0
    assert read_progress(full, "page-x") == EngineProgress((), 0, 3, False)


def test_an_answer_that_ran_out_of_time_in_the_engine_is_said_to_lack_what_was_not_read(trail: Trail) -> None:
    for part in "ab":  # two segments, for the engine looks at its clock between them
        write(trail, *(event(id=f"{part}{n}") for n in range(50)))
    slow = {"n": {"max": {"script": SLOW.replace("60000", "400000")}}}
    body = {"size": 0, "timeout": "1ms", "track_total_hits": True, "aggs": slow}
    answer = trail.client.search(index=trail.events, body=body, params={"allow_partial_search_results": "true"})
    assert answer["timed_out"]
    assert describe_missing(answer) == "time ran out before everything was read"


SLOW = "double x = 0; for (int i = 0; i < 60000; ++i) { x += Math.sin(i); } return Math.abs(x);"


def test_silence_is_an_error_and_never_an_empty_answer() -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    for attempt in (
        lambda: execute.read_page(nobody, Search(), WHOLE_TRAIL),
        lambda: execute.count(nobody, Search(), WHOLE_TRAIL),
        lambda: list(execute.scan(nobody, Search(), WHOLE_TRAIL)),
        lambda: cancel_searches(nobody, "x"),
    ):
        with pytest.raises(TrailUnavailable):
            attempt()


@pytest.mark.parametrize("ask", [execute.ask, lambda trail, body: execute.ask_all(trail, {"body": body})])
def test_a_search_that_runs_out_of_time_is_an_error_and_no_part_of_an_answer(full: Trail, ask: Any) -> None:
    source = "double s = 0; for (int i = 0; i < 20000; i++) { s += Math.sin(i) } return Math.abs(s)"
    slow = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": source}}}}
    with pytest.raises(TrailUnavailable, match=r"in full: .*(Time exceeded|cancelled|shards failed)|ran out of time"):
        ask(replace(full, patience=0.002), slow)


def test_an_answer_that_ran_out_of_time_is_no_answer() -> None:
    with pytest.raises(TrailUnavailable, match="it ran out of time"):
        expect_whole({"timed_out": True, "_shards": {"failed": 0}})
    with pytest.raises(TrailUnavailable, match="1 of 3 shards failed"):
        expect_whole({"timed_out": False, "_shards": {"failed": 1, "total": 3}})
