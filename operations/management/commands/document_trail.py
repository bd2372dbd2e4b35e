"""Writes docs/trail/schema.md from the schema, or says that it is out of date."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trail import documentation


class Command(BaseCommand):
    help = "Write docs/trail/schema.md from trail/schema.py; with --check only say whether it is current."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; status 1 when the page is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        page, text = settings.BASE_DIR / "docs" / "trail" / "schema.md", documentation.build_page()
        if page.exists() and page.read_text() == text:
            self.stdout.write("docs/trail/schema.md is current.")
            return
        if options["check"]:
            raise CommandError("docs/trail/schema.md is out of date; run manage.py document_trail.")
        page.write_text(text)
        self.stdout.write("docs/trail/schema.md is written.")
