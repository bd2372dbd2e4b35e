"""Every change of people, one function each."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.errors import Refused
from accounts.models import FirstAdminLink, User, username_validator
from accounts.roles import Role

LINK_LASTS = timedelta(hours=24)


@transaction.atomic
def create_user(*, username: str, password: str, role: str, name: str = "", email: str = "") -> User:
    """A new person. Raises Refused when the name is taken, ValidationError when it is not a username."""
    username_validator(username)
    if User.objects.filter(username__iexact=username).exists():
        raise Refused(f"There is somebody named {username} already.")
    user = User(username=username, name=name, email=email, role=Role(role))
    user.set_password(password)
    try:
        user.save()
    except IntegrityError as error:
        raise Refused(f"There is somebody named {username} already.") from error
    return user


@transaction.atomic
def set_role(*, user: User, role: str, by: User) -> None:
    """Give somebody another role. Raises Refused for the last admin."""
    _keep_an_admin(user, stays=role == Role.ADMIN)
    user.role = Role(role)
    user.save(update_fields=["role"])


@transaction.atomic
def deactivate(*, user: User, by: User) -> None:
    """Shut somebody out from their next request on. Raises Refused for the last admin."""
    _keep_an_admin(user, stays=False)
    user.is_active = False
    user.save(update_fields=["is_active"])


def _keep_an_admin(user: User, *, stays: bool) -> None:
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    if not stays and admins.filter(pk=user.pk).exists() and admins.count() == 1:
        raise Refused(f"{user.username} is the only admin; make somebody else an admin first.")


def admin_exists() -> bool:
    return User.objects.filter(role=Role.ADMIN).exists()


@transaction.atomic
def issue_first_admin_link() -> str | None:
    """A token for the first admin's page, which replaces any older one; None when there is an admin."""
    if admin_exists():
        return None
    token = secrets.token_urlsafe(32)
    FirstAdminLink.objects.all().delete()
    FirstAdminLink.objects.create(digest=_digest(token), expires_at=timezone.now() + LINK_LASTS)
    return token


def first_admin_link_holds(token: str) -> bool:
    """Whether the link would make an admin now."""
    return not admin_exists() and _link(token).exists()


@transaction.atomic
def claim_first_admin(*, token: str, username: str, password: str, name: str) -> User:
    """Make the first admin and use the link up. Raises Refused when it does not hold (any more)."""
    used, _ = _link(token).delete()
    if not used or admin_exists():
        raise Refused("This link has been used or is too old; run manage.py first_admin for another one.")
    return create_user(username=username, password=password, role=Role.ADMIN, name=name)


def _link(token: str) -> models.QuerySet[FirstAdminLink]:
    return FirstAdminLink.objects.filter(digest=_digest(token), expires_at__gt=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
