"""Print what the console is made of, as CycloneDX, for a scanner that knows faults."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from auditconsole.bill_of_materials import build_bill


class Command(BaseCommand):
    help = "Print the software bill of materials (CycloneDX 1.6, JSON): packages, jars, Java, Valkey."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(build_bill(), indent=1))
