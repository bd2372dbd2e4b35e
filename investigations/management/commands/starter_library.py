"""Puts the queries that come with the console into its library."""

from typing import Any

from django.core.management.base import BaseCommand

from investigations.library import services as library
from investigations.library.starter_queries import STARTERS
from investigations.models import SavedQuery
from trail.search.spec import Search


class Command(BaseCommand):
    help = "Put the starter queries into the library. What is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        here = set(SavedQuery.objects.values_list("slug", flat=True))
        new = [starter for starter in STARTERS if starter.slug not in here]
        for starter in new:
            query = SavedQuery(
                slug=starter.slug, name=starter.name, group=starter.group, description=starter.description
            )
            library.save(
                query=query,
                search=Search(text=starter.text, start=starter.start),
                parameters=starter.parameters,
                by=None,
            )
        self.stdout.write(f"The library has {len(new)} new queries, {len(here)} were there.")
