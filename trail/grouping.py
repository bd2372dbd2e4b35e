"""Group commit: many callers wait, one of them commits for all. No thread of its own, so nothing to lose in a fork."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition
from typing import Generic, TypeVar

from trail.errors import WriteRefused, WriteUnknown

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Waiting(Generic[Item, Answer]):
    """An item and its caller, who is called once: to lead a group, or to take the answer."""

    def __init__(self, item: Item, weight: int) -> None:
        self.item, self.weight = item, weight
        self.leads: Future[bool] = Future()
        self.answer: Future[Answer] = Future()


class Groups(Generic[Item, Answer]):
    """Items of many threads, committed in groups in the order they came, at most `at_once` groups under way.

    `commit` takes the items of a group and answers each; what it raises is raised in every caller of that group. A group
    is of at most `most` weight, except that a single item may be heavier. Every waiting item is held by the thread that
    brought it, so memory is bounded by the callers. Whoever leads a group calls the first who waits to lead the next.
    """

    def __init__(self, commit: Callable[[list[Item]], list[Answer]], *, most: int, at_once: int = 1) -> None:
        self._commit = commit
        self._most, self._at_once = most, at_once
        self._changed = Condition()
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._under_way = 0
        self._closed = False

    def submit(self, item: Item, weight: int = 1) -> Answer:
        """Wait until the item is committed, with whichever others wait, and return its answer.

        Raises WriteRefused after `close`.
        """
        mine: _Waiting[Item, Answer] = _Waiting(item, weight)
        with self._changed:
            if self._closed:
                raise WriteRefused("The writer is closed.")
            if self._under_way < self._at_once:
                self._under_way += 1
                mine.leads.set_result(True)
            else:
                self._waiting.append(mine)
        if self._is_called_to_lead(mine):
            try:
                self._settle(self._group_of(mine))
            finally:
                self._call_the_next()
        return mine.answer.result()

    def close(self) -> bool:
        """Wait for what was begun, and take no more; whether this call was the one that closed."""
        with self._changed:
            first, self._closed = not self._closed, True
            self._changed.wait_for(lambda: self._under_way == 0)
        return first

    def _is_called_to_lead(self, mine: _Waiting[Item, Answer]) -> bool:
        try:
            return mine.leads.result()
        except BaseException:  # interrupted while it waited
            with self._changed:
                waits = mine in self._waiting
                if waits:
                    self._waiting.remove(mine)
            if not waits and mine.leads.result():
                self._call_the_next()
            raise

    def _group_of(self, mine: _Waiting[Item, Answer]) -> list[_Waiting[Item, Answer]]:
        group, total = [mine], mine.weight
        with self._changed:
            while self._waiting and total + self._waiting[0].weight <= self._most:
                group.append(self._waiting.popleft())
                total += group[-1].weight
        return group

    def _settle(self, group: list[_Waiting[Item, Answer]]) -> None:
        try:
            answers = self._commit([one.item for one in group])
            for one, answer in zip(group, answers, strict=True):
                one.answer.set_result(answer)
        except Exception as error:  # noqa: BLE001  whatever it is, every caller of the group is told
            for one in group:
                one.answer.set_exception(error)
        except BaseException:
            for one in group:
                one.answer.set_exception(WriteUnknown("The write was interrupted."))
            raise  # an interrupt is this thread's own
        finally:
            for one in group[1:]:
                one.leads.set_result(False)

    def _call_the_next(self) -> None:
        with self._changed:
            if self._waiting:
                self._waiting.popleft().leads.set_result(True)
            else:
                self._under_way -= 1
                self._changed.notify_all()
