"""Where one macaroon comes from another, and how that is known."""

from trail.search.lineage import Edge, SeenMacaroon, find_edges


def _seen(fingerprint: str, *caveats: str, parent: str | None = None, token: str = "t") -> SeenMacaroon:
    return SeenMacaroon(token, fingerprint, parent, tuple(caveat.encode() for caveat in caveats))


def test_a_recorded_parent_is_an_edge_and_nothing_is_inferred_beside_it() -> None:
    seen = [_seen("root"), _seen("child", "a", parent="root")]
    assert list(find_edges(seen)) == [Edge("root", "child", "recorded")]


def test_the_longest_caveat_list_that_anothers_begins_with_is_its_parent() -> None:
    seen = [_seen("root"), _seen("child", "a"), _seen("grandchild", "a", "b"), _seen("other", "b")]
    assert set(find_edges(seen)) == {
        Edge("root", "child", "inferred"),
        Edge("child", "grandchild", "inferred"),
        Edge("root", "other", "inferred"),
    }


def test_tokens_of_other_ids_are_no_parents() -> None:
    assert list(find_edges([_seen("root", token="u"), _seen("child", "a")])) == []


def test_unknown_caveats_infer_nothing() -> None:
    assert list(find_edges([_seen("root"), SeenMacaroon("t", "child", None, None)])) == []


def test_of_two_parents_none_is_its_own_child() -> None:
    assert list(find_edges([_seen("same", "a"), _seen("same", "a")])) == []
