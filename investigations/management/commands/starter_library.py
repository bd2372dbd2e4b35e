"""Puts the queries that come with the console into its library, and the templates of cases beside it."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from investigations.case_templates import services as case_templates
from investigations.case_templates import starter_templates
from investigations.library import services as library
from investigations.library.starter_queries import STARTERS
from investigations.models import CaseTemplate, SavedQuery
from trail.search.spec import Search


class Command(BaseCommand):
    help = "Put the starter queries into the library, and the starter templates of cases. What is there stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        self._add_queries()
        self._add_templates()

    def _add_queries(self) -> None:
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

    def _add_templates(self) -> None:
        here = set(CaseTemplate.objects.values_list("slug", flat=True))
        new = [starter for starter in starter_templates.STARTERS if starter.slug not in here]
        for starter in new:
            words = asdict(starter) | {"tasks": "\n".join(starter.tasks)}
            case_templates.make_template(**words, by=None)
        self.stdout.write(f"There are {len(new)} new templates of cases, {len(here)} were there.")
