"""Finds the admin in whose name a command does something."""

from django.core.management.base import CommandError

from accounts.models import User
from accounts.roles import may_curate


def get_admin(username: str, *, returncode: int = 1) -> User:
    """The admin of this name. Raises CommandError, with the exit status of the command."""
    admin = User.objects.filter(username__iexact=username).first()
    if admin is None or not may_curate(admin):
        raise CommandError(f"{username} is no admin here.", returncode=returncode)
    return admin
