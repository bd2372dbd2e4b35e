from core.pauses import PauseWatch


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_ticks_late_was_stopped_and_what_nobody_watches_was_not() -> None:
    clock = Clock()
    watch = PauseWatch(clock)
    clock.now += 7_200
    assert (watch.tick(), watch.measure_awake()) == (0, float("inf"))
    watch.start()
    clock.now += 14
    assert watch.tick() == 0
    clock.now += 3_600
    assert (watch.tick(), watch.length) == (1, 3_600)
    clock.now += 5
    assert watch.measure_awake() == 5
    assert watch.tick() == 1
