"""Provides what every room's records share: ids that tell nothing, and rows that are written once and kept for ever."""

from typing import Any

from django.db import models
from django.utils.crypto import get_random_string

# Without characters that are mistaken for one another when somebody reads an id out on the telephone.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_public_id() -> str:
    """An id for URLs that tells nothing, how many cases there are least of all."""
    return get_random_string(10, ALPHABET)


def fit_text(text: str, most: int) -> str:
    """As much of a hostile text as a column of `most` characters holds: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most].encode("utf-8", "replace").decode()


def next_number(rows: "models.QuerySet[Any] | models.Manager[Any]") -> int:
    """The number after the greatest of these rows; whoever gives it holds what they belong to, so that none is given twice."""
    return (rows.aggregate(last=models.Max("number"))["last"] or 0) + 1


class Record(models.Model):
    """What is written once. Names are copied beside keys, so that a record outlives what it refers to."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError(f"{type(self).__name__} is written once and not changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{type(self).__name__} is kept for ever")
