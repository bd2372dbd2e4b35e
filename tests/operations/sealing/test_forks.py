"""Whoever can write the log's folder, its rows, or both does not get the log's key to sign what contradicts what it signed before."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from time import time

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from operations.models import Checkpoint as Row
from operations.models import Cosignature, Cursor, Incident, Publication, SealedRange, SealKey
from operations.sealing import services as sealing
from operations.sealing import signing_keys
from operations.sealing.batch import LeafBatch, NumberRange
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import publish_checkpoints
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.rewritten_log import TABLES, wipe_rows
from trail.canonical_form import canonicalise
from trail.connection import Trail
from trail.integrity import merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import FolderPublisher
from trail.integrity.signed_note import Algorithm, SignedNote, Signer
from trail.integrity.tiles import FileStore, Tree
from trail.integrity.verdict import Broken

OLD, NEW = 5, 8  # events sealed when the copy was made, and since


@pytest.fixture(autouse=True)
def _signed_anew_in_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(0))


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    settings.CHECKPOINTS_TO = str(folder)
    return folder


@dataclass
class Attacker:
    """Somebody with a copy of the folder and of the rows as they were at size OLD, and no key."""

    log: LogDirectory
    copy: Path

    @property
    def old_note(self) -> bytes:
        return (self.copy / "checkpoint").read_bytes()

    def put_back_folder(self) -> None:
        """The older checkpoint, and no tile and no id beyond it."""
        for name in ("tile", "ids"):
            shutil.rmtree(self.log.folder / name)
            shutil.copytree(self.copy / name, self.log.folder / name)
        self.log.put(self.old_note)

    def put_back_rows(self) -> None:
        SealedRange.objects.filter(first_leaf__gte=OLD).delete()
        SealedRange.objects.update(count=OLD)
        Cursor.objects.update(seq=OLD - 1, events=OLD)
        Publication.objects.all().delete()
        Row.objects.filter(size__gt=OLD).delete()

    def is_contradicted(self) -> bool:
        """Whether the log's key signed anything but what the attacker put there and what was signed before."""
        history = {OLD: self.old_note.split(b"\n")[2]}
        notes = [self.log.note() or b"", *(row.note.encode() for row in Row.objects.all())]
        return any(history.get(int(note.split(b"\n")[1]), b"") not in note for note in notes)


@pytest.fixture
def attacker(sealer: Sealer, log: LogDirectory, trail: Trail, tmp_path: Path) -> Attacker:
    """After NEW events were sealed, by the sealer that goes on."""
    write(trail, *(event() for _ in range(OLD)))
    sealer.step()
    sealer.step()
    copy = Path(shutil.copytree(log.folder, tmp_path / "copy"))
    write(trail, *(event() for _ in range(NEW - OLD)))
    sealer.step()
    sealer.step()
    return Attacker(log, copy)


def _expect_refusal(sealer: Sealer, log: LogDirectory, what: str = "does not go on from|rows say") -> None:
    """Nothing is signed, in this step and the next, and an incident says why."""
    note, rows = log.note(), Row.objects.count()
    for _ in range(2):
        with pytest.raises(LogDamaged, match=what):
            sealer.step()
    assert log.note() == note
    assert Row.objects.count() == rows
    assert Incident.objects.filter(kind="tampered", subject="log", over_at=None).exists()


# --- The folder is put back -----------------------------------------------------------------------------------------------


def test_an_older_checkpoint_is_not_signed_again_with_a_new_time(
    attacker: Attacker, sealer: Sealer, log: LogDirectory
) -> None:
    attacker.put_back_folder()
    _expect_refusal(sealer, log)


def test_an_older_checkpoint_is_found_in_the_next_step_though_nothing_arrives(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(days=1))
    attacker.put_back_folder()
    attacker.put_back_rows()
    with pytest.raises(LogDamaged, match="this process signed last"):
        sealer.step()
    assert Incident.objects.filter(kind="tampered", subject="log", over_at=None).exists()


def test_as_many_events_as_were_cut_off_are_not_signed_in_their_place(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(days=1))
    attacker.put_back_folder()
    write(trail, *(event() for _ in range(NEW - OLD)))
    _expect_refusal(sealer, log)
    assert not list((log.folder / "tile").rglob(f"*.p/{NEW}"))  # nor does a tile stand where the evidence was


def test_more_events_than_were_cut_off_are_not_signed_in_their_place(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(days=1))
    attacker.put_back_folder()
    attacker.put_back_rows()
    Cursor.objects.update(seq=NEW - 1)
    write(trail, *(event() for _ in range(NEW)))
    _expect_refusal(sealer, log)


def test_the_next_keeper_does_not_sign_a_batch_that_was_planted_over_what_was_cut_off(
    attacker: Attacker, log: LogDirectory, trail: Trail
) -> None:
    """Events of the trail, so that nothing is wrong with the batch itself."""
    attacker.put_back_folder()
    cursor = Cursor.objects.get()
    documents = [event() for _ in range(NEW - OLD)]
    write(trail, *documents)
    log.begin(
        LeafBatch(
            OLD,
            [document["event"]["id"] for document in documents],
            [merkle.leaf_hash(canonicalise(document)) for document in documents],
            [NumberRange(cursor.index, cursor.uuid, cursor.shard, NEW, NEW - OLD)],
            {(cursor.index, cursor.uuid, cursor.shard): 2 * NEW - OLD - 1},
        )
    )
    _expect_refusal(Sealer(LogDirectory()), log)


def test_a_tree_that_has_another_root_than_was_signed_is_not_signed_again(
    attacker: Attacker, sealer: Sealer, log: LogDirectory
) -> None:
    tile = log.folder / f"tile/0/000.p/{NEW}"
    tile.chmod(0o600)
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    _expect_refusal(sealer, log)
    _expect_refusal(Sealer(LogDirectory()), log)


# --- The rows are put back too --------------------------------------------------------------------------------------------


def test_the_keeper_remembers_what_it_signed_though_folder_and_rows_forgot(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    attacker.put_back_folder()
    attacker.put_back_rows()
    _expect_refusal(sealer, log, "this process signed")


def test_what_was_published_elsewhere_shows_the_next_keeper_that_folder_and_rows_were_put_back(
    attacker: Attacker, log: LogDirectory, elsewhere: Path
) -> None:
    publish_checkpoints()
    attacker.put_back_folder()
    attacker.put_back_rows()
    _expect_refusal(Sealer(LogDirectory()), log, "was published in .*Put back")
    assert not attacker.is_contradicted()


def test_what_a_witness_cosigned_shows_it_too(attacker: Attacker, log: LogDirectory, settings: Settings) -> None:
    witness = Signer.generate("witness", Algorithm.COSIGNATURE)
    settings.TRAIL_WITNESSES = [str(witness.verifier)]
    read = signed_note.parse(log.note() or b"")
    assert isinstance(read, SignedNote)
    _, size, root, *_ = read.text.split("\n")
    Cosignature.objects.create(
        size=int(size),
        root=(signed_note.decode(root) or b"").hex(),
        witness=str(witness.verifier),
        at=timezone.now(),
        line=witness.sign(read.text, int(time())).line(),
    )
    attacker.put_back_folder()
    attacker.put_back_rows()
    _expect_refusal(Sealer(LogDirectory()), log, "cosigned by witness")


def test_a_forged_cosignature_holds_up_nothing(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, settings: Settings
) -> None:
    witness = Signer.generate("witness", Algorithm.COSIGNATURE)
    settings.TRAIL_WITNESSES = [str(witness.verifier)]
    line = Signer.generate("witness", Algorithm.COSIGNATURE).sign("other\n", 1).line()
    Cosignature.objects.create(
        size=NEW + 1, root="11" * 32, witness=str(witness.verifier), at=timezone.now(), line=line
    )
    sealer.step()
    assert not Incident.objects.exists()


def _remove_log(log: LogDirectory) -> None:
    """The folder, and every row that knows of the log."""
    shutil.rmtree(log.folder)
    for model in (SealedRange, Cursor, Publication, Row, SealKey):
        model.objects.all().delete()


def test_a_log_is_not_begun_anew_over_one_that_was_published(
    attacker: Attacker, log: LogDirectory, settings: Settings, elsewhere: Path, tmp_path: Path
) -> None:
    """Everything is gone but the key, which lies elsewhere, and what was published."""
    publish_checkpoints()
    shutil.move(log.folder / "key", tmp_path / "key")
    settings.TRAIL_KEY = str(tmp_path / "key")
    _remove_log(log)
    with pytest.raises(LogDamaged, match="was published in"):
        Sealer(LogDirectory()).step()
    assert log.note() is None


def test_nor_with_another_key_under_the_same_name(
    attacker: Attacker, log: LogDirectory, settings: Settings, elsewhere: Path
) -> None:
    publish_checkpoints()
    newest = log.newest()
    assert newest is not None
    settings.TRAIL_ORIGIN = newest.origin
    _remove_log(log)
    with pytest.raises(LogDamaged, match="none of them is signed by a key of this log"):
        Sealer(LogDirectory()).step()
    assert log.note() is None


def test_a_rotation_does_not_sign_a_fork_with_either_key(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.sealing.sealer.SIGNED_EVERY", timedelta(days=1))
    attacker.put_back_folder()
    attacker.put_back_rows()
    Cursor.objects.update(seq=NEW - 1)
    key = (log.folder / "key").read_bytes()
    sealing.rotate_key(by=ada)
    _expect_refusal(sealer, log)
    assert (log.folder / "key").read_bytes() == key
    assert log.keys.waiting() is not None


# --- Keys of their own ----------------------------------------------------------------------------------------------------


def _forge(log: LogDirectory, leaves: list[bytes], signer: Signer, cosigner: Signer) -> bytes:
    """A tree of other leaves in the log's folder, and its checkpoint signed by a key of the attacker's."""
    shutil.rmtree(log.folder / "tile")
    size, root = Tree(FileStore(log.folder)).append(leaves)
    text = Checkpoint(signer.name, size, root).text()
    return SignedNote(text, (signer.sign(text), cosigner.sign(text, int(time())))).message()


@pytest.mark.parametrize("first", [0, OLD, NEW])
def test_a_key_put_into_the_rows_makes_the_real_one_sign_nothing(
    first: int, attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    newest = log.newest()
    assert newest is not None
    signer = Signer.generate(newest.origin)
    cosigner = Signer.generate(newest.origin, Algorithm.COSIGNATURE)
    for own in (signer, cosigner):
        SealKey.objects.create(first_size=first, vkey=str(own.verifier))
    forged = _forge(log, [bytes([number]) * 32 for number in range(NEW)], signer, cosigner)
    assert isinstance(signing_keys.open_checkpoint(forged), Broken)
    log.put(forged)
    Row.objects.filter(size=NEW).delete()
    write(trail, event())
    _expect_refusal(sealer, log, "not a checkpoint of this log")
    _expect_refusal(Sealer(LogDirectory()), log, "not a checkpoint of this log")


def test_a_key_put_into_the_rows_is_an_incident_and_seals_nothing_differently(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    newest = log.newest()
    assert newest is not None
    own = str(Signer.generate(newest.origin).verifier)
    SealKey.objects.create(first_size=0, vkey=own)
    write(trail, event())
    assert sealer.step() == 1
    assert own in Incident.objects.get(kind="tampered").what
    assert own not in (log.folder / "keys").read_text()
    assert own not in map(str, signing_keys.list_verifiers())


def test_rows_of_keys_that_are_gone_change_nothing(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    keys = set(map(str, signing_keys.list_verifiers()))
    SealKey.objects.all().delete()
    write(trail, event())
    assert sealer.step() == 1
    assert set(map(str, signing_keys.list_verifiers())) == keys
    assert Sealer(LogDirectory()).step() == 0
    assert set(SealKey.objects.values_list("vkey", flat=True)) == keys


def test_a_strangers_checkpoint_in_the_folder_is_not_signed_on(
    attacker: Attacker, sealer: Sealer, log: LogDirectory
) -> None:
    newest = log.newest()
    assert newest is not None
    log.put(newest.sign(Signer.generate(newest.origin)))
    _expect_refusal(sealer, log, "not a checkpoint of this log")


def test_a_list_of_keys_that_was_edited_is_refused(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail
) -> None:
    newest = log.newest()
    assert newest is not None
    own = str(Signer.generate(newest.origin).verifier)
    known = log.folder / "keys"
    for edited in (f"0 {own}\n{known.read_text()}", f"{known.read_text()}{OLD} {own}\n", known.read_text()[:-20], ""):
        whole = known.read_bytes()
        known.write_text(edited)
        _expect_refusal(sealer, log, "keys")
        with pytest.raises(LogDamaged):
            signing_keys.list_verifiers()
        known.write_bytes(whole)
    write(trail, event())
    assert sealer.step() == 1


def test_another_key_in_the_place_of_the_logs_own_signs_nothing(
    attacker: Attacker, sealer: Sealer, log: LogDirectory
) -> None:
    newest = log.newest()
    assert newest is not None
    own = Signer.generate(newest.origin), Signer.generate(newest.origin, Algorithm.COSIGNATURE)
    (log.folder / "key").write_text("".join(f"{signer.secret()}\n" for signer in own))
    for keeper in (sealer, Sealer(LogDirectory())):
        with pytest.raises(LogDamaged, match="keys"):
            keeper.step()


# --- No false accusation --------------------------------------------------------------------------------------------------


def test_a_log_that_grows_goes_on_from_everything_that_remembers_it(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, elsewhere: Path
) -> None:
    for keeper in (sealer, Sealer(LogDirectory()), sealer):
        publish_checkpoints()
        write(trail, event(), event())
        assert keeper.step() == 2
    assert not Incident.objects.exists()


def test_a_place_elsewhere_that_cannot_be_read_accuses_nobody(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, elsewhere: Path
) -> None:
    """The keeper that has compared goes on; one that begins waits until it can."""
    sealer.step()
    elsewhere.rename(elsewhere.with_name("away"))
    write(trail, event())
    assert sealer.step() == 1
    note = log.note()
    keeper = Sealer(LogDirectory())
    with pytest.raises(LogDamaged, match="cannot be read"):
        keeper.step()
    assert log.note() == note
    assert set(Incident.objects.filter(over_at=None).values_list("kind", "subject")) == {("not_sealed", "log")}
    elsewhere.with_name("away").rename(elsewhere)
    keeper.step()
    assert not Incident.objects.filter(over_at=None).exists()


def test_what_others_put_beside_the_published_checkpoints_neither_stops_the_log_nor_hides_them(
    attacker: Attacker, log: LogDirectory, elsewhere: Path
) -> None:
    newest = log.newest()
    assert newest is not None
    publish_checkpoints()
    stranger = Checkpoint(newest.origin, 10**9, bytes(32)).sign(Signer.generate(newest.origin))
    FolderPublisher(elsewhere).publish(stranger, 10**9)
    FolderPublisher(elsewhere).publish(b"no checkpoint", 10**9)
    Sealer(LogDirectory()).step()
    assert not Incident.objects.exists()
    attacker.put_back_folder()
    attacker.put_back_rows()
    _expect_refusal(Sealer(LogDirectory()), log, "was published in")


# --- Put back by those who may --------------------------------------------------------------------------------------------


def test_an_older_database_goes_on_with_the_newest_folder(
    attacker: Attacker, log: LogDirectory, trail: Trail, elsewhere: Path
) -> None:
    """What a person does who restored an older backup: the folder is what counts, and the rows are derived from it."""
    publish_checkpoints()
    attacker.put_back_rows()
    write(trail, event())
    keeper = Sealer(LogDirectory())
    assert keeper.step() == 1
    newest = log.newest()
    assert newest is not None
    assert newest.size == NEW + 1
    assert not Incident.objects.exists()


def test_a_folder_that_is_put_right_again_is_gone_on_with(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, tmp_path: Path
) -> None:
    newest = Path(shutil.copytree(log.folder, tmp_path / "newest"))
    attacker.put_back_folder()
    write(trail, event())
    _expect_refusal(sealer, log)
    shutil.rmtree(log.folder)
    shutil.copytree(newest, log.folder)
    assert sealer.step() == 1
    assert not Incident.objects.filter(over_at=None).exists()


def test_a_log_that_has_no_newer_copy_ends_and_another_begins_under_another_name(
    attacker: Attacker, log: LogDirectory, trail: Trail, elsewhere: Path, settings: Settings, tmp_path: Path
) -> None:
    """As docs/trail/integrity.md says under "An older copy"."""
    publish_checkpoints()
    wipe_rows(*TABLES, "sealkey", "adoption")
    settings.SEAL_DIR, settings.TRAIL_ORIGIN = tmp_path / "another", "example.org/another"
    settings.CHECKPOINTS_TO = str(tmp_path / "elsewhere-too")
    (tmp_path / "elsewhere-too").mkdir()
    another = LogDirectory()
    keeper = Sealer(another)
    assert keeper.step() == NEW
    assert publish_checkpoints() == 1
    write(trail, event())
    assert keeper.step() == 1
    newest = another.newest()
    assert newest is not None
    assert (newest.origin, newest.size) == ("example.org/another", NEW + 1)
    assert not Incident.objects.exists()


# --- From the version before ----------------------------------------------------------------------------------------------


def _unsign(log: LogDirectory) -> list[str]:
    """The list of keys as the version before kept it; its lines."""
    lines = log.keys.history().lines()
    (log.folder / "keys").write_text(lines)
    return lines.splitlines()


def test_a_log_of_the_version_before_has_its_list_signed(attacker: Attacker, log: LogDirectory, trail: Trail) -> None:
    lines = _unsign(log)
    assert log.keys.history().lines().splitlines() == lines  # other processes read it meanwhile
    write(trail, event())
    assert Sealer(LogDirectory()).step() == 1
    assert (log.folder / "keys").read_text().startswith("audit-trail-keys/v1\n")
    assert not Incident.objects.exists()


def test_a_log_that_the_version_before_rotated_waits_until_an_admin_says_which_keys_it_had(
    attacker: Attacker, sealer: Sealer, log: LogDirectory, trail: Trail, ada: User
) -> None:
    sealing.rotate_key(by=ada)
    sealer.step()
    lines = _unsign(log)
    assert len(lines) == 6
    keeper = Sealer(LogDirectory())
    with pytest.raises(LogDamaged, match="pin_seal_keys"):
        keeper.step()
    assert set(Incident.objects.filter(over_at=None).values_list("kind", "subject")) == {("not_sealed", "log")}
    given = [f"--key={line.replace(' ', ':', 1)}" for line in lines]
    with pytest.raises(CommandError, match="Nothing was changed") as told:
        call_command("pin_seal_keys", "--by", "ada")
    assert all(line.replace(" ", ":", 1) in str(told.value) for line in lines)
    for wrong in (given[:3], given[3:], [*given, *given], ["--key=nonsense"]):
        with pytest.raises(CommandError, match="keys"):
            call_command("pin_seal_keys", "--by", "ada", *wrong)
    call_command("pin_seal_keys", "--by", "ada", *given, stdout=StringIO())
    keeper.step()
    assert log.keys.history().lines().splitlines() == lines
    assert not Incident.objects.filter(over_at=None).exists()
