"""Group commit: many callers wait, one of them commits for all. No thread of its own, so nothing to lose in a fork."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

from trail.errors import WriteRefused, WriteUnknown

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """Items of many threads, committed in groups in the order they came, at most `at_once` groups under way.

    `commit` takes the items of a group and answers each; what it raises is raised in every caller of that group. A group
    is of at most `most` weight, except that a single item may be heavier. Every waiting item is held by the thread that
    brought it, so memory is bounded by the callers.
    """

    def __init__(self, commit: Callable[[list[Item]], list[Answer]], *, most: int, at_once: int = 1) -> None:
        self._commit = commit
        self._most = most
        self._at_once = at_once
        self._turns = BoundedSemaphore(at_once)
        self._closing = Lock()
        self._closed = False
        self._lock = Lock()
        self._waiting: deque[tuple[Item, int, Future[Answer]]] = deque()

    def submit(self, item: Item, weight: int = 1) -> Answer:
        """Wait until the item is committed, with whichever others wait, and return its answer.

        Raises WriteRefused after `close`.
        """
        mine: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((item, weight, mine))
        with self._turns:
            # Somebody may have taken mine meanwhile. If not, the head of the queue is my duty until mine was in it.
            while not mine.running() and not mine.done():
                if self._closed:
                    raise WriteRefused("The writer is closed.")
                self._settle(self._take())
        return mine.result()

    def close(self) -> bool:
        """Wait for the groups that are under way, and take no more; whether this call was the one that closed."""
        with self._closing:
            for _ in range(self._at_once):
                self._turns.acquire()
            first, self._closed = not self._closed, True
            for _ in range(self._at_once):
                self._turns.release()
        return first

    def _take(self) -> list[tuple[Item, Future[Answer]]]:
        taken: list[tuple[Item, Future[Answer]]] = []
        total = 0
        with self._lock:
            while self._waiting and (not taken or total + self._waiting[0][1] <= self._most):
                item, weight, future = self._waiting.popleft()
                future.set_running_or_notify_cancel()
                taken.append((item, future))
                total += weight
        return taken

    def _settle(self, group: list[tuple[Item, Future[Answer]]]) -> None:
        try:
            answers = self._commit([item for item, _ in group])
        except Exception as error:  # noqa: BLE001  whatever it is, every caller of the group is told
            for _, future in group:
                future.set_exception(error)
            return
        except BaseException:
            for _, future in group:
                future.set_exception(WriteUnknown("The write was interrupted."))
            raise  # an interrupt is this thread's own
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)
