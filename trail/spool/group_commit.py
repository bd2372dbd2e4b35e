"""Commits the items of many threads in groups: one caller commits for all that wait, without a thread of its own.

A thread would be lost in a fork; here every waiting item is held by the thread that brought it.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition
from typing import Generic, TypeVar

from trail.errors import WriteRefused, WriteUnknown

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Member(Generic[Item, Result]):
    """An item of a group and its caller, who waits for `is_leader`: True, to lead a group, or False, to take the result."""

    def __init__(self, item: Item, weight: int) -> None:
        self.item, self.weight = item, weight
        self.is_leader: Future[bool] = Future()
        self.result: Future[Result] = Future()


class GroupCommit(Generic[Item, Result]):
    """Commits items in groups in the order in which they came, at most `at_once` groups under way.

    `commit` takes the items of a group and returns a result for each; what it raises is raised in every caller of that group.
    `most` is the weight of a group, except that a single item may be heavier. Memory is bounded by the callers, who wait. The
    leader of a commit group wakes the next leader.
    """

    def __init__(self, commit: Callable[[list[Item]], list[Result]], *, most: int, at_once: int = 1) -> None:
        self._commit = commit
        self._most, self._at_once = most, at_once
        self._changed = Condition()
        self._waiting: deque[_Member[Item, Result]] = deque()
        self._under_way = 0
        self._closed = False

    def submit(self, item: Item, weight: int = 1) -> Result:
        """Wait until the item is committed, together with others that wait, and return its result.

        Raises WriteRefused after `close`, WriteUnknown when the leader was interrupted, and what `commit` raises.
        """
        member: _Member[Item, Result] = _Member(item, weight)
        with self._changed:
            if self._closed:
                raise WriteRefused("The writer is closed.")
            if self._under_way < self._at_once:
                self._under_way += 1
                member.is_leader.set_result(True)
            else:
                self._waiting.append(member)
        if self._wait_for_role(member):
            try:
                self._commit_group(self._gather_group(member))
            finally:
                self._wake_next_leader()
        return member.result.result()

    def close(self) -> bool:
        """Wait for the groups under way, and take no more items; whether this call was the one that closed."""
        with self._changed:
            is_first, self._closed = not self._closed, True
            self._changed.wait_for(lambda: self._under_way == 0)
        return is_first

    def _wait_for_role(self, member: _Member[Item, Result]) -> bool:
        """Whether the member leads a group; when its thread is interrupted, it leaves and somebody else leads."""
        try:
            return member.is_leader.result()
        except BaseException:  # interrupted while it waited
            with self._changed:
                is_waiting = member in self._waiting
                if is_waiting:
                    self._waiting.remove(member)
            if not is_waiting and member.is_leader.result():
                self._wake_next_leader()
            raise

    def _gather_group(self, leader: _Member[Item, Result]) -> list[_Member[Item, Result]]:
        group, weight = [leader], leader.weight
        with self._changed:
            while self._waiting and weight + self._waiting[0].weight <= self._most:
                group.append(self._waiting.popleft())
                weight += group[-1].weight
        return group

    def _commit_group(self, group: list[_Member[Item, Result]]) -> None:
        try:
            results = self._commit([member.item for member in group])
            for member, result in zip(group, results, strict=True):
                member.result.set_result(result)
        except Exception as error:  # noqa: BLE001  every caller of the group raises it
            for member in group:
                member.result.set_exception(error)
        except BaseException:
            for member in group:
                member.result.set_exception(WriteUnknown("The write was interrupted."))
            raise  # an interrupt is this thread's own
        finally:
            for member in group[1:]:
                member.is_leader.set_result(False)

    def _wake_next_leader(self) -> None:
        with self._changed:
            if self._waiting:
                self._waiting.popleft().is_leader.set_result(True)
            else:
                self._under_way -= 1
                self._changed.notify_all()
