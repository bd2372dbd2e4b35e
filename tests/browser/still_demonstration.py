"""Fills the console that DATABASE_URL and TRAIL_PREFIX name as its reference pictures show it, as a program.

The clock of its process stands still, so that the same numbers make the same trail, case and finding on any day.
"""

import select
import time
from io import StringIO

import django

django.setup()  # before anything that has models is imported

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.models import User  # noqa: E402
from core.connection import trail  # noqa: E402
from investigations.cases import services as cases  # noqa: E402
from investigations.detections import services as detections  # noqa: E402
from investigations.evidence import services as evidence  # noqa: E402
from investigations.models import Detection  # noqa: E402
from operations.demonstration.incident import IncidentAnswer  # noqa: E402
from operations.demonstration.services import find_demonstration  # noqa: E402
from operations.sealing.folder import LogDirectory  # noqa: E402
from operations.sealing.sealer import Sealer  # noqa: E402
from trail.search import execute  # noqa: E402
from trail.search.spec import WHOLE_TRAIL, Search  # noqa: E402
from trail.writing import circuit_breaker  # noqa: E402

EVENTS, UNTIL = 4_000, "2026-11-24"
# What waits for a busy engine sleeps by a call that the library of the clock answers with an error.
time.sleep = lambda seconds: select.select((), (), (), seconds)
# A busy machine's engine may take its time.
settings.AUDIT_RECORD_SECONDS = circuit_breaker.ALIVE = 60.0
TITLE, REASON = "northwind token leaked from a build log", "The intruder's use of the leaked token"


def main() -> None:
    """Prints the token, its owner, the time of its compromise, the case and an event, one a line."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("install_trail", verbosity=0, stdout=StringIO())
    call_command("starter_library", stdout=StringIO())
    call_command("demo_people", stdout=StringIO())
    alice = User.objects.get(username="alice")
    # Before the events arrive: a detection looks at what arrives from when it is made.
    refused = Search(text='event.reason:"revoked"')
    detection = detections.make(name="Refused because revoked", search=refused, minutes=5, severity="high", by=alice)
    call_command("demo", events=EVENTS, until=UNTIL, quiet=True, stdout=StringIO())
    call_command("rebuild_firsts", stdout=StringIO(), stderr=StringIO())
    seal()
    demonstration = find_demonstration()
    assert demonstration
    answer = demonstration.answer()
    look(detection)
    words = (answer.token_id, answer.user_id, answer.first_used_from_elsewhere, *open_case(answer, alice))
    print("\n".join(words))


def seal() -> None:
    """Seal all that has arrived; a sealer that is new signs at once how far that is, not after a minute."""
    while Sealer(LogDirectory()).step():
        pass


def look(detection: Detection) -> None:
    """Let the detection find what it is there for."""
    finding = detections.look(detection.pk)
    assert finding, "the detection found nothing in the demonstration"


def open_case(answer: IncidentAnswer, by: User) -> tuple[str, str]:
    """A case with what the intruder did pinned in it: its id, and that of the first of these events."""
    case = cases.open_case(title=TITLE, by=by, severity="high")
    search = Search(text=f"token.id:{answer.token_id} AND source.ip:{answer.intruder}")
    events = [hit.event_id for hit in execute.read_listing(trail(), search, WHOLE_TRAIL, size=20).hits]
    evidence.pin(case=case, event_ids=events, reason=REASON, by=by)
    return case.public_id, events[0]


if __name__ == "__main__":
    main()
