"""Somebody holds everything but the witness's key: the folder, the database, the cluster and the key that signs checkpoints.

Whatever they make of the history that the witness has seen, its next visit refuses. EVERYTHING says how many such changes are
made (1,000 is the whole number). What is out of the witness's reach is a test of its own, and stands so in
docs/trail/integrity.md.
"""

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_django import Settings

from operations.models import Checkpoint as Row
from operations.sealing.folder import LogDirectory
from operations.sealing.kept_checkpoints import LogHistory
from operations.sealing.secret_key import Key
from tests.support.log_keys import read_key, sign_checkpoint
from tests.support.rewritten_log import TABLES, sign_history, wipe_rows
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.log_client import LogFolder, LogUnavailable
from trail.integrity.merkle import leaf_hash
from trail.integrity.signed_note import Algorithm, Signer
from trail.witness.program import Cosigned, cosign_newest
from trail.witness.rules import Witness, WitnessRefusal

COUNT = int(os.environ.get("EVERYTHING", "40"))
SEED = 20_261_127
SIZES = (1, 2, 3, 17, 255, 256, 257, 300, 511, 513)  # that the witness has seen

pytestmark = pytest.mark.django_db


@dataclass
class History:
    """The leaves of a log, and how many of them the witness has seen."""

    log: LogDirectory
    leaves: list[bytes]
    seen: int
    chance: random.Random
    rows: bool = field(default=True)  # whether the rows are made to fit as well

    def fresh(self) -> bytes:
        return leaf_hash(self.chance.randbytes(16))

    def sign(self, leaves: list[bytes], size: int | None = None, root: bytes | None = None) -> None:
        """Make folder and rows say that this is the history, with the log's own key; another size or root where one is given."""
        ids = [f"event-{number}" for number in range(len(leaves))]
        signed = sign_history(self.log, leaves, ids)
        if size is not None or root is not None:
            signed = Checkpoint(signed.origin, signed.size if size is None else size, root or signed.root)
            self.log.put(sign_checkpoint(signed, [read_key(self.log)], int(time.time())))
        wipe_rows(*TABLES)
        if self.rows:
            note = (self.log.note() or b"").decode()
            Row.objects.create(size=signed.size, root=signed.root.hex(), at="2026-11-27T00:00:00Z", note=note)


# --- What they do to the history that was seen; each then goes on with it as if nothing had been -------------------------


def alter_event(history: History) -> None:
    at = history.chance.randrange(history.seen)
    history.sign([*history.leaves[:at], history.fresh(), *history.leaves[at + 1 :]])


def remove_event(history: History) -> None:
    at = history.chance.randrange(history.seen)
    history.sign([*history.leaves[:at], *history.leaves[at + 1 :], *(history.fresh() for _ in range(2))])


def insert_event(history: History) -> None:
    at = history.chance.randrange(history.seen)
    history.sign([*history.leaves[:at], history.fresh(), *history.leaves[at:]])


def change_places(history: History) -> None:
    if history.seen < 2:
        return alter_event(history)
    one, other = history.chance.sample(range(history.seen), 2)
    leaves = list(history.leaves)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    return history.sign(leaves)


def repeat_event(history: History) -> None:
    at, source = history.chance.randrange(history.seen), history.chance.randrange(len(history.leaves))
    leaf = history.leaves[source] if history.leaves[source] != history.leaves[at] else history.fresh()
    history.sign([*history.leaves[:at], leaf, *history.leaves[at + 1 :]])


def roll_back(history: History) -> None:
    history.sign(history.leaves[: history.chance.randrange(history.seen)])


def roll_back_and_go_on(history: History) -> None:
    kept = history.chance.randrange(history.seen)
    more = history.chance.randint(history.seen - kept, 2 * history.seen + 3)
    history.sign([*history.leaves[:kept], *(history.fresh() for _ in range(more))])


def begin_anew(history: History) -> None:
    history.sign([history.fresh() for _ in range(history.chance.randint(1, 2 * history.seen))])


def sign_another_root(history: History) -> None:
    """The tiles stay as they are; the checkpoint says something else of the size that was seen, or of a larger one."""
    history.sign(history.leaves, root=history.fresh())


def claim_more(history: History) -> None:
    """A size that the tiles do not hold, over a root that was made up."""
    history.sign(history.leaves, size=len(history.leaves) + history.chance.randint(1, 1_000), root=history.fresh())


def make_another_key(history: History) -> None:
    """Under the log's own name; the history is the true one."""
    Key.generate(history.log.keys.current()[0].name).write(history.log.keys.path)
    history.sign(history.leaves)


def take_another_name(history: History) -> None:
    Key.generate("example.com/another-log").write(history.log.keys.path)
    history.sign(history.leaves)


def edit_tile(history: History) -> None:
    """One hash in a tile that the proof needs, and the checkpoint over what the tiles say then."""
    at = history.chance.randrange(history.seen)
    history.sign([*history.leaves[:at], history.fresh(), *history.leaves[at + 1 :], history.fresh()])


ATTACKS: list[Callable[[History], None]] = [
    alter_event, remove_event, insert_event, change_places, repeat_event, roll_back, roll_back_and_go_on, begin_anew,
    sign_another_root, claim_more, make_another_key, take_another_name, edit_tile,
]  # fmt: skip


@pytest.fixture
def log(settings: Settings, tmp_path: Path) -> LogDirectory:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    directory = LogDirectory()
    directory.keys.ensure(new=True)
    return directory


def begin(log: LogDirectory, folder: Path, chance: random.Random) -> tuple[History, Witness]:
    """A log of which a witness has cosigned a checkpoint, and which may have gone on since."""
    origin = log.keys.current()[0].name
    witness = Witness(
        folder, [Signer.generate("example.com/witness", Algorithm.COSIGNATURE)], {origin: [log.keys.current()[0]]}
    )
    seen = chance.choice(SIZES)
    leaves = [leaf_hash(chance.randbytes(16)) for _ in range(seen + chance.choice((0, 0, 1, 40, 256)))]
    history = History(log, leaves, seen, chance, rows=chance.random() < 0.8)
    history.sign(leaves[:seen])
    assert isinstance(visit(witness, log), Cosigned)
    history.sign(leaves)
    return history, witness


def visit(witness: Witness, log: LogDirectory) -> Cosigned | WitnessRefusal | LogUnavailable:
    """The next visit. A log whose tiles are not those of its checkpoint is told apart from one that is not there."""
    try:
        return cosign_newest(witness, LogFolder(log.folder))
    except LogUnavailable as error:
        return error


@pytest.mark.parametrize("number", range(COUNT))
def test_the_next_visit_finds_what_was_done_to_the_history_that_it_saw(
    log: LogDirectory, tmp_path: Path, number: int
) -> None:
    chance = random.Random(SEED + number)
    history, witness = begin(log, tmp_path / "witness", chance)
    latest = sorted((tmp_path / "witness").rglob("checkpoint"))[0].read_bytes()
    attack = ATTACKS[number % len(ATTACKS)]
    attack(history)
    answer = visit(witness, log)
    assert not isinstance(answer, Cosigned), attack.__name__
    if isinstance(answer, LogUnavailable):
        assert (
            attack is claim_more
        )  # there are no tiles for it: the log does not answer, which goes on until somebody asks why
    else:
        assert answer.status in (400, 403, 404, 409, 422)
    assert (
        sorted((tmp_path / "witness").rglob("checkpoint"))[0].read_bytes() == latest
    )  # what was seen is kept as the proof


def test_no_attack_is_one_that_the_console_finds_by_itself(log: LogDirectory, tmp_path: Path) -> None:
    """They hold the key: the console's own comparison says that history is as it was. Hence the witness."""
    history, witness = begin(log, tmp_path / "witness", random.Random(SEED))
    alter_event(history)
    assert LogHistory(log).verify_note(log.note() or b"")
    assert isinstance(visit(witness, log), WitnessRefusal)


# --- Out of reach -----------------------------------------------------------------------------------------------------------


def test_out_of_reach_is_what_the_witness_has_not_seen_yet(log: LogDirectory, tmp_path: Path) -> None:
    """Between two visits the newest events can be made other ones: a visit each minute bounds that."""
    history, witness = begin(log, tmp_path / "witness", random.Random(SEED + 3))
    history.sign([*history.leaves[: history.seen], *(history.fresh() for _ in range(9))])
    assert isinstance(visit(witness, log), Cosigned)


def test_out_of_reach_is_a_log_that_stands_still(log: LogDirectory, tmp_path: Path) -> None:
    """It shows what it showed; that nothing comes any more the time of the log's own signature says."""
    _, witness = begin(log, tmp_path / "witness", random.Random(SEED))
    assert isinstance(visit(witness, log), Cosigned)
    assert isinstance(visit(witness, log), Cosigned)


def test_out_of_reach_is_an_event_that_is_changed_and_not_the_log(log: LogDirectory, tmp_path: Path) -> None:
    """The witness sees hashes alone: that the event is another one its proof says, to whoever checks it."""
    _, witness = begin(log, tmp_path / "witness", random.Random(SEED))
    shutil.rmtree(log.folder / "ids")
    wipe_rows(*TABLES)
    assert isinstance(visit(witness, log), Cosigned)
