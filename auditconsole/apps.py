"""Registers the project with Django, and sets how often Python looks for garbage."""

from django.apps import AppConfig

from auditconsole.garbage import collect_seldom


class AuditconsoleConfig(AppConfig):
    name = "auditconsole"

    def ready(self) -> None:
        collect_seldom()
