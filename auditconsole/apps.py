from django.apps import AppConfig


class AuditconsoleConfig(AppConfig):
    name = "auditconsole"
