"""Resolves every incident that is over, as a person does, as a program on the database that DATABASE_URL names."""

import django

django.setup()  # before anything that has models is imported

from accounts.models import User  # noqa: E402
from operations.incidents.response import resolve_incident  # noqa: E402
from operations.models import Incident  # noqa: E402


def main() -> None:
    """Fails where one is not over, or without a failure that is on record."""
    for incident in Incident.objects.filter(resolved_at=None):
        assert incident.over_at, incident.latest
        resolve_incident(incident=incident, by=User.objects.get(), text="It was killed on purpose.")


if __name__ == "__main__":
    main()
