"""How much at a time: nothing beyond is taken, and everything within is."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.ingest.errors import RequestRefused
from operations.ingest.limits import RateLimit, RequestLimit

tries = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 50)), min_size=1, max_size=40)


@given(tries=tries)
def test_over_any_time_no_more_is_taken_than_the_rate_allows_and_one_request(tries: list[tuple[float, int]]) -> None:
    clock = [0.0]
    rate = RateLimit(now=lambda: clock[0])
    events_taken = 0
    for pause, count in tries:
        clock[0] += pause
        wait = rate.take("a", count, per_second=10)
        if not wait:
            events_taken += count
            last = count
        assert events_taken <= 10 + clock[0] * 10 + last


@given(counts=st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_whoever_waits_as_long_as_is_said_is_let_in(counts: list[int]) -> None:
    clock = [0.0]
    rate = RateLimit(now=lambda: clock[0])
    for count in counts:
        if wait := rate.take("a", count, per_second=10):
            clock[0] += wait
            assert not rate.take("a", count, per_second=10)


def test_one_name_does_not_pay_for_another() -> None:
    rate = RateLimit(now=lambda: 0.0)
    rate.take("a", 100, per_second=10)
    assert rate.take("a", 1, per_second=10) == pytest.approx(9.1)
    assert not rate.take("b", 1, per_second=10)


def test_requests_under_way_are_counted_and_given_back_after_an_error() -> None:
    under_way = RequestLimit()
    with under_way.admit(1), pytest.raises(RequestRefused) as caught, under_way.admit(1):
        pass
    assert (caught.value.status, caught.value.after) == (429, 1)
    with pytest.raises(ZeroDivisionError), under_way.admit(1):
        raise ZeroDivisionError
    with under_way.admit(1):
        pass


def test_of_many_at_the_same_moment_as_many_are_let_in_as_may_be() -> None:
    under_way, barrier, let_in = RequestLimit(), threading.Barrier(8), []

    def enter() -> None:
        barrier.wait()
        try:
            with under_way.admit(3):
                let_in.append(1)
                gate.wait()
        except RequestRefused:
            finished.release()

    gate, finished = threading.Event(), threading.Semaphore(0)
    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        finished.acquire()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(let_in) == 3
