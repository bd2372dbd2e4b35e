"""The templates every console begins with. Admins change or retire them like any other."""

from dataclasses import dataclass

_SUMMARY = "What happened:\n\nTo whom:\n\nSince when:\n\nWhat is not known yet:\n"


@dataclass(frozen=True, slots=True)
class StarterTemplate:
    """A template as it comes with the console."""

    slug: str
    name: str
    severity: str
    tags: str
    tasks: tuple[str, ...]
    queries: tuple[str, ...]
    summary: str = _SUMMARY


STARTERS = (
    StarterTemplate(
        "leaked-token",
        "Leaked token",
        "high",
        "leak",
        (
            "Revoke the token, and every token that was issued with it",
            "Find where it was first used from elsewhere",
            "List what was read and changed with it",
            "Rotate the secrets that were read",
            "Check that no verifier accepts it any more",
            "Find out where it leaked, and remove it there",
            "Tell who is affected",
        ),
        ("everything-a-token-did", "token-from-elsewhere", "used-after-revocation"),
    ),
    StarterTemplate(
        "account-takeover",
        "Account takeover",
        "high",
        "account",
        (
            "Revoke every token of the user",
            "List the tokens that were issued to them since the takeover",
            "Ask the user which uses were theirs",
            "Look at what their tokens did from the new address",
            "Reset the user's password and second factor",
        ),
        ("everything-a-user-did", "tokens-issued-to-a-user", "from-an-address"),
    ),
    StarterTemplate(
        "insider",
        "Misuse by somebody of the organisation",
        "medium",
        "insider",
        (
            "Agree with the legal department on what may be looked at",
            "List what the person's tokens did in the time in question",
            "Compare with what they did before",
            "Have a second person verify the evidence",
        ),
        ("everything-a-user-did", "revocations", "console-access"),
    ),
)
