"""Whoever waits is answered, with its own answer, whatever happens to the group."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from tests.trail.spool.test_spool import interrupt
from trail.errors import WriteRefused, WriteUnknown
from trail.spool.group_commit import GroupCommit


def test_each_caller_gets_its_own_answer() -> None:
    groups: GroupCommit[int, int] = GroupCommit(lambda items: [item * 2 for item in items], most=7, at_once=3)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(groups.submit, range(300))) == [number * 2 for number in range(300)]


def test_those_who_come_while_one_commits_go_together_up_to_the_limit() -> None:
    seen: list[list[str]] = []
    begun, waiting = Event(), Event()

    def commit(items: list[str]) -> list[str]:
        seen.append(items)
        begun.set()
        waiting.wait()
        return items

    groups = GroupCommit(commit, most=5)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(groups.submit, "first", 1)
        begun.wait()
        others = [pool.submit(groups.submit, f"of weight {weight}", weight) for weight in (2, 2, 9)]
        while len(groups._waiting) < 3:
            pass
        waiting.set()
        assert first.result() == "first"
        assert {one.result() for one in others} == {"of weight 2", "of weight 9"}
    assert seen[0] == ["first"]
    assert ["of weight 9"] in seen
    assert sorted(map(len, seen)) in ([1, 1, 2], [1, 1, 1, 1])


def test_what_a_commit_raises_is_raised_in_every_caller() -> None:
    together = Barrier(2)

    def commit(items: list[int]) -> list[int]:
        raise WriteRefused(f"none of {len(items)}")

    groups = GroupCommit(commit, most=9)

    def submit(number: int) -> str:
        together.wait()
        with pytest.raises(WriteRefused, match="none of"):
            groups.submit(number)
        return "told"

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(submit, range(2))) == ["told", "told"]


def test_an_interrupt_is_its_own_threads_and_the_others_learn_that_nothing_is_known() -> None:
    begun, waiting = Event(), Event()

    def commit(items: list[str]) -> list[str]:
        begun.set()
        waiting.wait()
        if "interrupted" in items:
            raise KeyboardInterrupt
        return items

    groups = GroupCommit(commit, most=9)

    def submit(name: str) -> type[BaseException] | None:
        try:
            groups.submit(name)
        except BaseException as error:  # noqa: BLE001
            return type(error)
        return None

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(submit, "first")
        begun.wait()
        two = [pool.submit(submit, name) for name in ("interrupted", "beside it")]
        while len(groups._waiting) < 2:
            pass
        waiting.set()
        assert first.result() is None
        assert {one.result() for one in two} == {KeyboardInterrupt, WriteUnknown}


def test_closing_waits_for_what_is_under_way_and_refuses_what_comes_after() -> None:
    begun, waiting = Event(), Event()

    def commit(items: list[int]) -> list[int]:
        begun.set()
        waiting.wait()
        return items

    groups = GroupCommit(commit, most=9, at_once=2)
    with ThreadPoolExecutor(2) as pool:
        under_way = pool.submit(groups.submit, 1)
        begun.wait()
        closing = pool.submit(groups.close)
        assert not closing.done()
        waiting.set()
        assert (under_way.result(), closing.result()) == (1, True)
    assert groups.close() is False
    with pytest.raises(WriteRefused, match="closed"):
        groups.submit(2)


@pytest.mark.parametrize("when", ["it waits", "it is called to lead"])
def test_a_caller_that_is_interrupted_while_it_waits_holds_up_nobody(when: str) -> None:
    seen: list[str] = []
    begun, waiting = Event(), Event()

    def commit(items: list[str]) -> list[str]:
        seen.extend(items)
        begun.set()
        waiting.wait()
        return items

    groups = GroupCommit(commit, most=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(groups.submit, "first")
        begun.wait()
        by = groups._wake_next_leader if when == "it is called to lead" else lambda: None
        with interrupt(by), pytest.raises(KeyboardInterrupt):
            groups.submit("interrupted")
        waiting.set()
        assert first.result() == "first"
        groups._under_way = 0
        assert groups.submit("next") == "next"
    assert seen == ["first", "next"]


def test_a_caller_that_is_interrupted_while_its_group_is_committed_waits_for_its_end() -> None:
    begun, second, waiting = Event(), Event(), Event()

    def commit(items: list[str]) -> list[str]:
        (second if begun.is_set() else begun).set()
        waiting.wait()
        return items

    groups = GroupCommit(commit, most=9)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(groups.submit, "first")
        begun.wait()
        leader = pool.submit(groups.submit, "leader")
        while not groups._waiting:
            pass

        def take_mine() -> None:
            waiting.set()
            second.wait()
            leader.result()

        with interrupt(take_mine), pytest.raises(KeyboardInterrupt):
            groups.submit("taken")
        assert (first.result(), leader.result()) == ("first", "leader")
    assert groups.close()
