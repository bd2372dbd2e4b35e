"""Names the four roles and decides what each may do; nothing else decides it."""

from typing import Protocol

from django.db.models import TextChoices


class Role(TextChoices):
    """From least to most; an admin curates the console and sees no case but their own."""

    VIEWER = "viewer", "Viewer"
    ANALYST = "analyst", "Analyst"
    LEAD = "lead", "Lead"
    ADMIN = "admin", "Admin"


DUTIES = {
    Role.VIEWER: ("search the trail", "read the cases they are in"),
    Role.ANALYST: (
        "search the trail",
        "open cases and work in those they are in",
        "run long searches",
        "export",
        "acknowledge incidents",
    ),
    Role.LEAD: (
        "everything an analyst may",
        "see, change and close every case that is not restricted",
        "break the glass of a restricted case",
        "import cases of other consoles",
        "resolve incidents",
        "read rejected events",
    ),
    Role.ADMIN: (
        "everything an analyst may",
        "curate the library",
        "manage people",
        "manage the keys of writers",
        "break the glass of a restricted case",
        "import cases of other consoles",
        "resolve incidents",
        "decide about rejected events",
    ),
}


class HasRole(Protocol):
    """Somebody whose rights are asked for."""

    @property
    def role(self) -> str: ...
    @property
    def is_active(self) -> bool: ...


# Django's permissions by the beginning of their name. Cases and evidence are nobody's to reach through the admin.
ADMINISTERED = {
    "accounts": {"add_user", "change_user", "view_user"},
    "investigations": {
        f"{verb}_{model}"
        for verb in ("add", "change", "view")
        for model in ("savedquery", "savedqueryversion", "queryparameter")
    },
}


def may_search(user: HasRole) -> bool:
    """Whether the person may look at the trail: everybody who works here."""
    return user.is_active and user.role in Role.values


def may_investigate(user: HasRole) -> bool:
    """Whether the person may open cases, pin, run and export."""
    return user.is_active and user.role in (Role.ANALYST, Role.LEAD, Role.ADMIN)


def sees_every_case(user: HasRole) -> bool:
    """Whether the person sees cases without being in them, but for restricted ones. Admins do not: managing people is not
    reading cases."""
    return user.is_active and user.role == Role.LEAD


def may_break_glass(user: HasRole) -> bool:
    """Whether the person may let themselves into a restricted case, with a reason that its members read."""
    return user.is_active and user.role in (Role.LEAD, Role.ADMIN)


def may_import_cases(user: HasRole) -> bool:
    """Whether the person may bring in the case of another console, and say whose key is believed."""
    return user.is_active and user.role in (Role.LEAD, Role.ADMIN)


def may_respond(user: HasRole) -> bool:
    """Whether the person may acknowledge an incident and note what was found."""
    return may_investigate(user)


def may_resolve(user: HasRole) -> bool:
    """Whether the person may say what an incident was and resolve it."""
    return user.is_active and user.role in (Role.LEAD, Role.ADMIN)


def may_read_rejected(user: HasRole) -> bool:
    """Whether the person may read rejected events, which may hold what no search of theirs would show."""
    return user.is_active and user.role in (Role.LEAD, Role.ADMIN)


def may_curate(user: HasRole) -> bool:
    """Whether the person may change the library and manage people and writers' keys."""
    return user.is_active and user.role == Role.ADMIN


def has_permission(user: HasRole, permission: str) -> bool:
    """Django's question, answered from the table above."""
    app, _, name = permission.partition(".")
    return may_curate(user) and name in ADMINISTERED.get(app, set())
