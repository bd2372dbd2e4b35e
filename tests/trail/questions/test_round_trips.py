"""How often the engine is asked: once for a page, once or twice for a question, and never far ahead of who reads."""

from tests.support.factories.events import event, issue, write
from tests.support.points_in_time import points_in_time
from trail.connection import Trail
from trail.questions import ask_tokens_issued
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search


def _asked(trail: Trail) -> int:
    """Requests that went over the wire, by the connection's own count."""
    return int(trail.client.transport.get_connection().pool.num_requests)


def test_a_page_with_its_histogram_and_facets_is_one_round_trip(trail: Trail) -> None:
    write(trail, event(), event())
    execute.read_ends(trail)  # asked for once a minute, for the steps of the histogram
    before = _asked(trail)
    page = execute.read_page(trail, Search(), WHOLE_TRAIL)
    assert (page.total, bool(page.bars), bool(page.facets)) == (2, True, True)
    assert _asked(trail) - before == 1


def test_the_second_question_is_two_round_trips_however_many_tokens(trail: Trail) -> None:
    write(trail, *(issue(f"t{number}", "ada") for number in range(60)))
    before = _asked(trail)
    assert ask_tokens_issued(trail, "ada", WHOLE_TRAIL).total == 60
    assert _asked(trail) - before == 2


def test_a_scan_holds_one_batch_and_no_more_however_long_it_is(trail: Trail) -> None:
    write(trail, *(event() for _ in range(600)))
    before = _asked(trail)
    opening = 2  # is there an index, and the point in time
    read = 0
    for batch in execute.scan(trail, Search(), WHOLE_TRAIL, batch=10):
        read += len(batch.hits)
        # Every search brings one batch: what was brought and is not read yet is what memory holds.
        assert _asked(trail) - before - opening == read / 10
    assert read == 600


def test_a_scan_that_is_left_early_closes_its_point_in_time(trail: Trail) -> None:
    write(trail, *(event() for _ in range(50)))
    scan = execute.scan(trail, Search(), WHOLE_TRAIL, batch=5)
    next(scan)
    assert len(points_in_time(trail)) == 1
    scan.close()
    assert len(points_in_time(trail)) == 0


def test_the_first_events_of_a_month_are_sent_once(trail: Trail) -> None:
    asked = []
    for _ in range(2):
        before = _asked(trail)
        write(trail, event())
        asked.append(_asked(trail) - before)
    assert asked[0] == asked[1] + 3  # is the month there, is the template, make the month
