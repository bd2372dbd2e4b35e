"""What people did about incidents gets onto the record, though the trail refuses one of the records for ever."""

import pytest

from accounts.models import User
from operations.incidents.response import add_note, record_missing_steps
from operations.models import Incident, IncidentStep
from tests.support.factories.events import event, write
from tests.support.factories.incidents import incident
from trail.connection import Trail

pytestmark = pytest.mark.django_db


def test_a_record_that_the_trail_refuses_is_said_and_holds_no_other_up(alice: User, trail: Trail) -> None:
    opened = incident(Incident.Kind.GAP, "x")
    noted = add_note(incident=opened, by=alice, text="Seen.")
    steps = [
        IncidentStep.objects.create(
            incident=opened, kind="noted", at=noted.at, by=alice, by_name="Alice", by_role="analyst"
        )
        for _ in range(3)
    ]
    # The trail holds another event under the id of the second.
    write(trail, event(id=f"console-incident-{opened.public_id}-{steps[1].pk}"))
    assert record_missing_steps() == 2
    assert list(IncidentStep.objects.filter(recorded_at=None).exclude(by=None)) == [steps[1]]
    refusal = Incident.objects.get(kind="check")
    assert refusal.subject == "steps without a record"
    assert f"step {steps[1].pk}" in refusal.what
