from dataclasses import replace

import pytest
from pytest_django import Settings

from operations.models import SealedRange
from operations.sealing import proofs
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.proofs import NeverSealed, NotSealed, Proof
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from trail.canonical_form import canonicalise
from trail.connection import Trail
from trail.integrity import merkle
from trail.integrity.verdict import Broken, Intact
from trail.mapping import install


def _proof(event_id: str) -> Proof:
    found = proofs.prove_event(event_id)
    assert isinstance(found, Proof)
    return found


def _index(trail: Trail) -> str:
    return f"{trail.prefix}-events-2026.11"


def test_every_event_is_proved_by_the_newest_checkpoint(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    documents = [event(at=f"2026-{month}-01T00:00:00Z") for month in (10, 11) for _ in range(5)]
    write(trail, *documents)
    sealer.step()
    for document in documents:
        found = _proof(document["event"]["id"])
        assert found.verdict == Intact()
        assert found.form == canonicalise(document)
        leaf = merkle.leaf_hash(found.form)
        assert merkle.verify_inclusion(leaf, found.leaf, found.size, found.path, found.root)
        assert (found.size, found.checkpoint) == (10, log.note())
        assert found.signed_at is not None
    assert sorted(_proof(document["event"]["id"]).leaf for document in documents) == list(range(10))


def test_a_leaf_is_found_in_any_shard(sealer: Sealer, trail: Trail) -> None:
    install(replace(trail, shards=3))
    documents = [event() for _ in range(20)]
    write(trail, *documents)
    sealer.step()
    leaves = [proofs.find_leaf(document["event"]["id"]) for document in documents]
    assert sorted(leaf.number for leaf in leaves if leaf) == list(range(20))


def test_an_event_waits_for_its_seal(sealer: Sealer, trail: Trail) -> None:
    write(trail, event(id="sealed"))
    sealer.step()
    write(trail, event(id="waits"), event(id="october", at="2026-10-01T00:00:00Z"))
    assert proofs.prove_event("waits") == NotSealed("waits", 1)
    assert proofs.prove_event("october") == NotSealed("october", 1)
    assert proofs.find_leaf("waits") is None


def test_an_event_that_the_trail_does_not_hold_has_no_proof(sealer: Sealer, trail: Trail) -> None:
    assert proofs.prove_event("nobody") is None


def test_before_the_first_seal_it_is_said_who_seals(log: LogDirectory, trail: Trail) -> None:
    write(trail, event(id="early"))
    with pytest.raises(LogDamaged, match="keep_trail"):
        proofs.prove_event("early")


def test_an_event_that_was_changed_is_broken(sealer: Sealer, trail: Trail) -> None:
    write(trail, event(id="a"), event(id="b", user__id="eve"))
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    write(trail, event(id="new"), event(id="b", user__id="alice"), event(id="a"))
    found = _proof("b")
    assert (found.leaf, bool(found.verdict)) == (1, False)
    assert isinstance(found.verdict, Broken)
    assert _proof("a").leaf == 0
    assert isinstance(proofs.prove_event("new"), NeverSealed)


def test_an_event_is_looked_for_by_its_id_where_its_number_is_another_now(sealer: Sealer, trail: Trail) -> None:
    documents = [event() for _ in range(3)]
    write(trail, *documents)
    sealer.step()
    trail.client.indices.delete(index=_index(trail))
    write(trail, *reversed(documents))
    for number, document in enumerate(documents):
        assert (_proof(document["event"]["id"]).leaf, _proof(document["event"]["id"]).verdict) == (number, Intact())


def test_a_leaf_beyond_the_newest_checkpoint_waits(sealer: Sealer, log: LogDirectory, trail: Trail) -> None:
    write(trail, event(id="first"))
    sealer.step()
    before = log.note()
    write(trail, event(id="second"))
    sealer.step()
    assert before is not None
    log.put(before)  # as it is between the rows of a batch and its checkpoint, the other way round
    assert proofs.prove_event("second") == NotSealed("second", 1)
    assert SealedRange.objects.get().count == 2


def test_one_size_goes_on_from_another(sealer: Sealer, trail: Trail) -> None:
    for _ in range(3):
        write(trail, event(), event(), event())
        sealer.step()
    found = proofs.prove_consistency(3, 9)
    assert merkle.verify_consistency(3, 9, found.old_root, found.new_root, found.path) == Intact()
    with pytest.raises(ValueError, match="10"):
        proofs.prove_consistency(3, 10)


def test_a_checkpoint_that_is_none_of_this_log_proves_nothing(
    sealer: Sealer, log: LogDirectory, settings: Settings
) -> None:
    sealer.step()
    log.put(b"nonsense")
    with pytest.raises(LogDamaged, match="not one of this log"):
        proofs.prove_consistency(0, 0)
