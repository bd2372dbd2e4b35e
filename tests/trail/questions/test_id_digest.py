"""The digest of a set of ids: the same in whatever order they come, and another for every other set."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from trail.questions.id_digest import digest_ids

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), max_size=30)


def test_it_is_what_its_algorithm_says() -> None:
    expected = hashlib.sha256('"a"\n"a\\n"\n"é"\n'.encode()).hexdigest()
    assert digest_ids(["é", "a\n", "a"]) == (expected, 3)


@given(IDS, st.randoms())
def test_the_order_says_nothing(ids: list[str], random: object) -> None:
    shuffled = sorted(ids, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert digest_ids(ids) == digest_ids(shuffled)


@given(IDS, IDS)
def test_other_ids_have_another_digest(one: list[str], other: list[str]) -> None:
    assert (digest_ids(one) == digest_ids(other)) is (sorted(one) == sorted(other))
