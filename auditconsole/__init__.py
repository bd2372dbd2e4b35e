"""Loads the Celery app with the project, so that tasks are bound to it."""

from auditconsole.celery import app as celery_app

__all__ = ["celery_app"]
