from django.apps import AppConfig

from auditconsole.garbage import collect_seldom


class AuditconsoleConfig(AppConfig):
    name = "auditconsole"

    def ready(self) -> None:
        collect_seldom()
