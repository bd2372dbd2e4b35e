"""Every change of people, one function each."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.errors import Refused
from accounts.journal import Action, record
from accounts.models import FirstAdminLink, User, username_validator
from accounts.roles import Role

LINK_LASTS = timedelta(hours=24)
# What of a person's change is named in the trail; the values of some are nobody else's business.
RECORDED = ("name", "email", "role", "is_active")


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
def save_person(*, person: User, by: User, password: str = "") -> None:
    """Make or change somebody, on record; who is made inactive is shut out from their next request on.

    Raises Refused for the last admin, TrailUnavailable or WriteRefused when it cannot be put on record.
    """
    before = User.objects.filter(pk=person.pk).first()
    if is_last_admin(person) and not (person.role == Role.ADMIN and person.is_active):
        raise Refused(f"{person.username} is the only admin; make somebody else an admin first.")
    changed = [name for name in RECORDED if before is not None and getattr(before, name) != getattr(person, name)]
    if password:
        person.set_password(password)
        changed.append("password")
    person.save()
    labels = {"changed": ",".join(changed), "role": person.role, "active": str(person.is_active).lower()}
    action = Action.CHANGE if before else Action.MAKE
    record(action, by=by, resource=("user", person.username), labels=labels)


def is_last_admin(person: User) -> bool:
    """Whether nobody else could manage the console if this person could not."""
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    return {admin.pk for admin in admins} == {person.pk}


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
    return make_first_admin(username=username, password=password, name=name)


@transaction.atomic
def make_first_admin(*, username: str, password: str, name: str) -> User:
    """The first admin, who is on record as their own maker. Raises Refused when there is one."""
    if admin_exists():
        raise Refused("There is an admin already; they make further accounts under Admin.")
    admin = create_user(username=username, password=password, role=Role.ADMIN, name=name)
    record(Action.MAKE, by=admin, resource=("user", admin.username), labels={"role": admin.role})
    return admin


def _link(token: str) -> models.QuerySet[FirstAdminLink]:
    return FirstAdminLink.objects.filter(digest=_digest(token), expires_at__gt=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
