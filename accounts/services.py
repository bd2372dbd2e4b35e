"""Changes people, one function for each change."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.audit import AccountAction
from accounts.models import FirstAdminLink, PasswordLink, User, username_validator
from accounts.roles import Role
from core.audit import record
from core.errors import Refused

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
def save_person(*, person: User, by: User) -> None:
    """Make or change somebody, on record; who is made inactive is shut out from their next request on.

    Somebody new has no password until they choose one by a link (`issue_password_link`). Who becomes a lead or an admin is
    told to all leads at once. Raises Refused for the last admin, TrailUnavailable or WriteRefused when it cannot be put on
    record.
    """
    before = User.objects.filter(pk=person.pk).first()
    if is_last_admin(person) and not (person.role == Role.ADMIN and person.is_active):
        raise Refused(f"{person.username} is the only admin; make somebody else an admin first.")
    if before is None:
        person.set_unusable_password()
    person.save()
    action = AccountAction.CHANGE if before else AccountAction.MAKE
    record(action, by=by, resource=("user", person.username), labels=_describe_change(before, person))
    if is_privileged(person) and not (before is not None and is_privileged(before) and before.role == person.role):
        tell_leads(person, by=by, what=f"{by.username} made {person.username} {_with_article(person.role)}.")


def _describe_change(before: User | None, person: User) -> dict[str, str]:
    """What of somebody changed: of the role and of being let in from what to what, of the rest its name alone."""
    changed = [name for name in RECORDED if before is not None and getattr(before, name) != getattr(person, name)]
    labels = {"changed": ",".join(changed), "role": person.role, "active": str(person.is_active).lower()}
    if before is not None and "role" in changed:
        labels["role"] = f"{before.role} → {person.role}"
    if before is not None and "is_active" in changed:
        labels["active"] = f"{str(before.is_active).lower()} → {str(person.is_active).lower()}"
    return labels


def is_privileged(person: User) -> bool:
    """Whether the person sees every case, or makes those who do."""
    return person.is_active and person.role in (Role.LEAD, Role.ADMIN)


def tell_leads(person: User, *, by: User, what: str) -> None:
    """Tell all leads what an admin has done about somebody's rights. Raises ImportError where the setting names nothing."""
    teller: Callable[..., object] = import_string(settings.PRIVILEGE_RECORDER)
    teller(person=person.username, by=by.username, what=what)


def _with_article(role: str) -> str:
    return f"an {role}" if role == Role.ADMIN else f"a {role}"


@transaction.atomic
def issue_password_link(*, person: User, by: User) -> str:
    """The token of a link by which the person chooses their password, once, within LINK_LASTS; an older one ends.

    Raises Refused for who is shut out, TrailUnavailable or WriteRefused when it cannot be put on record.
    """
    if not person.is_active:
        raise Refused(f"{person.username} is shut out; let them in first.")
    token = secrets.token_urlsafe(32)
    PasswordLink.objects.update_or_create(
        person=person,
        defaults={
            "digest": _digest(token),
            "expires_at": timezone.now() + LINK_LASTS,
            "issued_by_name": by.username,
        },
    )
    record(AccountAction.LINK_ISSUE, by=by, resource=("user", person.username))
    if is_privileged(person) and person != by:
        tell_leads(
            person, by=by, what=f"{by.username} made a link by which {person.username} chooses another password."
        )
    return token


def find_password_link(token: str) -> PasswordLink | None:
    """The link that this token opens now, if there is one."""
    links = PasswordLink.objects.select_related("person").filter(digest=_digest(token))
    return links.filter(expires_at__gt=timezone.now(), person__is_active=True).first()


@transaction.atomic
def claim_password_link(*, token: str, password: str) -> User:
    """Set the password that its person chose and use the link up. Raises Refused when it does not hold (any more).

    TrailUnavailable or WriteRefused when it cannot be put on record.
    """
    link = find_password_link(token)
    if link is None or not PasswordLink.objects.filter(pk=link.pk, digest=_digest(token)).delete()[0]:
        raise Refused("This link has been used or is too old; ask an admin for another one.")
    _set_password(link.person, password, labels={"link_of": link.issued_by_name})
    return link.person


@transaction.atomic
def change_own_password(*, user: User, password: str) -> None:
    """Set one's own password, on record. Raises TrailUnavailable or WriteRefused, and then it stays as it was."""
    _set_password(user, password, labels={})


def _set_password(user: User, password: str, *, labels: dict[str, str]) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    record(AccountAction.PASSWORD_CHANGE, by=user, resource=("user", user.username), labels=labels)


def is_last_admin(person: User) -> bool:
    """Whether nobody else could manage the console if this person could not."""
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    return {admin.pk for admin in admins} == {person.pk}


def has_admin() -> bool:
    """Whether there is an admin, active or not."""
    return User.objects.filter(role=Role.ADMIN).exists()


@transaction.atomic
def issue_first_admin_link() -> str | None:
    """A token for the first admin's page, which replaces any older one; None when there is an admin."""
    if has_admin():
        return None
    token = secrets.token_urlsafe(32)
    FirstAdminLink.objects.all().delete()
    FirstAdminLink.objects.create(digest=_digest(token), expires_at=timezone.now() + LINK_LASTS)
    return token


def is_first_admin_link_valid(token: str) -> bool:
    """Whether the link would make an admin now."""
    return not has_admin() and _find_link(token).exists()


@transaction.atomic
def claim_first_admin(*, token: str, username: str, password: str, name: str) -> User:
    """Make the first admin and use the link up. Raises Refused when it does not hold (any more)."""
    used, _ = _find_link(token).delete()
    if not used or has_admin():
        raise Refused("This link has been used or is too old; run manage.py first_admin for another one.")
    return make_first_admin(username=username, password=password, name=name)


@transaction.atomic
def make_first_admin(*, username: str, password: str, name: str) -> User:
    """The first admin, who is on record as their own maker. Raises Refused when there is one."""
    if has_admin():
        raise Refused("There is an admin already; they make further accounts under Admin.")
    admin = create_user(username=username, password=password, role=Role.ADMIN, name=name)
    record(AccountAction.MAKE, by=admin, resource=("user", admin.username), labels={"role": admin.role})
    return admin


def _find_link(token: str) -> models.QuerySet[FirstAdminLink]:
    return FirstAdminLink.objects.filter(digest=_digest(token), expires_at__gt=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
