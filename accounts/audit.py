"""Names what is done to people, and who comes in, for the audit log."""

from enum import StrEnum


class AccountAction(StrEnum):
    """What is done to people, and who comes in."""

    MAKE = "user.make"
    CHANGE = "user.change"
    LINK_ISSUE = "user.link.issue"
    PASSWORD_CHANGE = "user.password.change"  # noqa: S105  the name of an action
    SIGN_IN = "user.sign_in"
    SIGN_OUT = "user.sign_out"
