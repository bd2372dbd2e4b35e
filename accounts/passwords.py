"""Refuses passwords that are made of a person's own names, however these are repeated, turned round or decorated."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError

SHORTEST_NAME = 3  # a shorter name is in half of all passwords
LEAST_OWN = 6  # characters that a password has of its own, beside one's names
# Digits and signs that are written for letters.
LOOKALIKES = str.maketrans("013457@$!", "oieastasi")


class UnlikeOneselfValidator(UserAttributeSimilarityValidator):
    """Django's rule, and beside it: what is left when one's names are taken out must be a password's worth by itself."""

    def validate(self, password: str, user: Any | None = None) -> None:
        """Raises ValidationError."""
        super().validate(password, user)
        if user is None:
            return
        letters = _reduce(password)
        for name in sorted(_list_names(user), key=len, reverse=True):
            letters = letters.replace(name, "").replace(name[::-1], "")
        if letters != _reduce(password) and len(set(letters)) < LEAST_OWN:
            raise ValidationError(
                "The password is made of your own name; choose words that have nothing to do with you.",
                code="password_too_similar",
            )


def _list_names(user: Any) -> Iterator[str]:
    """A person's names and the parts of each, as `_reduce` leaves them."""
    for attribute in ("username", "name", "email"):
        text = str(getattr(user, attribute, "") or "")
        for part in (text, *re.split(r"[\W_]+", text)):
            name = _reduce(part)
            if len(name) >= SHORTEST_NAME:
                yield name


def _reduce(text: str) -> str:
    """The letters of a text in small, with what is written for letters read as them."""
    return re.sub(r"[^\w]|[\d_]", "", text.casefold().translate(LOOKALIKES))
