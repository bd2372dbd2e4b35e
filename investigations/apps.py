"""Registers the investigations with Django."""

from django.apps import AppConfig


class InvestigationsConfig(AppConfig):
    name = "investigations"
