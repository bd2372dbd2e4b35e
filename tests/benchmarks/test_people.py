"""The load of many people: each page they open is counted, and each that fails is said."""

import http.client
from typing import cast

from benchmarks.figures import Latency, Waits, line_of
from benchmarks.neighbours import Visitor
from benchmarks.people import Load, list_choices, run_people


class Caller:
    """A visitor whose console answers as a test wants."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers, self.paths = list(answers), list[str]()

    def ask(self, method: str, path: str) -> int:
        self.paths.append(path)
        answer = self.answers[(len(self.paths) - 1) % len(self.answers)]
        if isinstance(answer, Exception):
            raise answer
        return answer


def _browse(*callers: Caller) -> Load:
    visitors = [cast(Visitor, caller) for caller in callers]
    return run_people(visitors, list_choices(1), seconds=0.3, pause=0.01)


def test_everybody_opens_searches_tokens_and_users_in_turn() -> None:
    callers = [Caller(200) for _ in range(3)]
    load = _browse(*callers)
    assert load.errors == []
    assert len(load.milliseconds) == sum(len(caller.paths) for caller in callers)
    assert {caller.paths[0].split("/")[1][:3] for caller in callers} == {"?q=", "tok", "use"}


def test_what_fails_is_counted_and_goes_on() -> None:
    caller = Caller(200, 503, http.client.RemoteDisconnected("closed"))
    load = _browse(caller)
    assert {"status 503", "RemoteDisconnected"} == set(load.errors)
    assert len(load.milliseconds) == len(caller.paths) > 3


def test_the_aim_is_of_the_95th_percentile_and_of_no_error() -> None:
    waits = [100.0] * 95 + [5_000.0] * 5
    assert Waits("50 people", waits, 1_000, part=0.95).met
    assert not Waits("50 people", waits, 1_000).met
    failed = Waits("50 people", waits, 1_000, part=0.95, errors=2)
    assert not failed.met
    assert "p95 ≤ 1000 ms, 2 failed" in line_of(failed)


def test_a_line_without_an_aim_is_met_and_names_none() -> None:
    line = line_of(Latency("its 2 requests alone", [12.0, 14.0]))
    assert line.endswith("yes")
    assert "<" not in line
