"""Whatever logs are packed in is unpacked, as far as it is whole; what is not read is said to be what it is."""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from operations.imports import byte_stream
from operations.imports.reader import RecordReader
from operations.imports.sources import LogSource, find_files, open_sources
from operations.imports.text_encodings import decode_chunks

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstd.compress,
}


def _lines(*numbers: int) -> bytes:
    return b"".join(b'{"n":%d}\n' % number for number in numbers)


def _tar(**members: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, member in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(member)
            archive.addfile(info, io.BytesIO(member))
    return content.getvalue()


def _zip(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def _read(content: bytes, folder: Path, name: str = "log") -> tuple[list[int | None], list[str], list[str]]:
    """The numbers of the records, None for a rejected one; the problems; and why sources were passed over."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    numbers: list[int | None] = []
    problems: list[str] = []
    exemptions: list[str] = []
    for source in open_sources(path):
        reader = RecordReader(decode_chunks(source.chunks))
        numbers += [record.value and record.value.get("n") for record in reader]
        problems += source.problems + reader.problems
        exemptions += [source.exemption] if source.exemption else []
    return numbers, problems, exemptions


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize("inner", PACKINGS)
def test_every_packing_is_told_by_its_content_also_within_another(outer: str, inner: str, tmp_path: Path) -> None:
    assert _read(PACKINGS[outer](PACKINGS[inner](_lines(1, 2))), tmp_path) == ([1, 2], [], [])


@given(parts=st.lists(st.tuples(st.sampled_from(sorted(PACKINGS)), st.integers(1, 40)), min_size=1, max_size=6))
def test_packed_and_plain_parts_one_after_another_are_read_to_the_end(
    parts: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content, expected = b"", []
    for packing, count in parts:
        numbers = range(len(expected), len(expected) + count)
        content += PACKINGS[packing](_lines(*numbers))
        expected += numbers
    assert _read(content, tmp_path_factory.mktemp("parts")) == (expected, [], [])


@pytest.mark.parametrize("packing", [name for name in PACKINGS if name != "plain"])
def test_of_a_packed_file_that_is_cut_off_what_can_be_read_is_read(packing: str, tmp_path: Path) -> None:
    lines = b"".join(b'{"n":%d,"noise":"%s"}\n' % (n, os.urandom(300).hex().encode()) for n in range(3_000))
    packed = PACKINGS[packing](lines)
    numbers, problems, _ = _read(packed[: len(packed) * 6 // 10], tmp_path)
    whole = [number for number in numbers if number is not None]
    assert whole == list(range(len(whole)))
    assert len(whole) > 0 if packing == "bzip2" else len(whole) > 1_500
    assert problems == [f"it is cut off: its {packing} ends before its end"]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_members_behind_a_damaged_one_are_read(damage: str, tmp_path: Path) -> None:
    members = [gzip.compress(_lines(*range(start, start + 500))) for start in (0, 500, 1_000)]
    middle = members[1]
    changed = middle[:200] + bytes(64) + middle[264:]
    content = members[0] + (middle[:-300] if damage == "cut" else changed) + members[2]
    numbers, problems, _ = _read(content, tmp_path)
    assert numbers[:500] == list(range(500))
    assert numbers[-500:] == list(range(1_000, 1_500))
    assert len(problems) == 1
    assert problems[0].startswith("its gzip is damaged: ")


def test_a_checksum_that_does_not_fit_is_said_and_what_was_read_stays(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(_lines(1, 2)))
    packed[-6] ^= 1
    numbers, problems, _ = _read(bytes(packed), tmp_path)
    assert (numbers, [problem.partition(":")[0] for problem in problems]) == ([1, 2], ["its gzip is damaged"])


def test_zeros_behind_a_member_are_padding(tmp_path: Path) -> None:
    assert _read(gzip.compress(_lines(1)) + bytes(700_000) + gzip.compress(_lines(2)), tmp_path) == ([1, 2], [], [])


@pytest.mark.parametrize("pack", [_tar, _zip])
@pytest.mark.parametrize("packing", PACKINGS)
def test_each_member_of_an_archive_is_a_source_of_its_own(
    pack: Callable[..., bytes], packing: str, tmp_path: Path
) -> None:
    inner = pack(**{"c.json.gz": gzip.compress(_lines(3)), "d.json": json.dumps({"Records": [{"n": 4}]}).encode()})
    archive = pack(
        **{"a/b.json": _lines(1, 2), "empty": b"", "a/.DS_Store": b"x", "__MACOSX/b.json": b"y", "in": inner}
    )
    path = tmp_path / "logs"
    path.write_bytes(PACKINGS[packing](archive))
    names = []
    numbers = []
    for source in open_sources(path):
        names.append((source.name.removeprefix(f"{path} › "), source.exemption))
        numbers += [record.value and record.value["n"] for record in RecordReader(decode_chunks(source.chunks))]
    assert numbers == [1, 2, 3, 4]
    assert names == [
        ("a/b.json", ""),
        ("empty", "empty"),
        ("a/.DS_Store", "left by a desktop"),
        ("__MACOSX/b.json", "left by a desktop"),
        ("in › c.json.gz", ""),
        ("in › d.json", ""),
    ]


def test_a_cut_archive_gives_what_it_still_holds_and_is_named(tmp_path: Path) -> None:
    members = {f"{number}.json": _lines(number) + os.urandom(2_000).hex().encode() for number in range(4)}
    for pack, name in ((_tar, "tar"), (_zip, "zip"), (lambda **files: gzip.compress(_tar(**files)), "tgz")):
        content = pack(**members)
        numbers, problems, _ = _read(content[: len(content) * 6 // 10], tmp_path, name)
        assert [number for number in numbers if number is not None][:2] == [0, 1], name
        assert problems, name


def test_a_zip_that_was_written_as_a_stream_and_lost_its_directory_is_read(tmp_path: Path) -> None:
    content = io.BytesIO()
    content.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.json", _lines(number))
    whole = content.getvalue()
    numbers, problems, _ = _read(whole[: whole.index(b"PK\x01\x02")], tmp_path)
    assert numbers == [0, 1, 2]
    assert "no directory" in problems[-1]


def test_an_encrypted_member_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    content = bytearray(_zip(**{"a.json": _lines(1), "b.json": _lines(2)}))
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        where = content.index(start) + at
        (flags,) = struct.unpack_from("<H", content, where)
        struct.pack_into("<H", content, where, flags | 1)
    numbers, problems, _ = _read(bytes(content), tmp_path)
    assert numbers == [2]
    assert "encrypted" in problems[0]


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_stream, "ALWAYS_UNPACKED", 1_000_000)
    monkeypatch.setattr(byte_stream, "MOST_TIMES", 10)
    bomb = _lines(1) + b'{"n":2}\n' * 2_000_000
    for pack in (
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstd.compress,
        lambda text: _zip(a=text),
        lambda text: gzip.compress(_tar(a=text)),
    ):
        numbers, problems, _ = _read(pack(bomb), tmp_path)
        assert 0 < len(numbers) < 1_000_000
        assert "times its size" in problems[0]


def test_what_is_packed_too_often_is_not_unpacked_without_end(tmp_path: Path) -> None:
    content = _lines(1)
    for _ in range(20):
        content = gzip.compress(content)
    numbers, problems, _ = _read(content, tmp_path)
    assert (numbers, "more than 5 times" in problems[0]) == ([], True)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PAR1", "Parquet"),
        (b"Obj\x01", "Avro"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"ElfFile\0", "Windows event log"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_not_read_is_said_to_be_what_it_is(head: bytes, kind: str, tmp_path: Path) -> None:
    numbers, problems, _ = _read(head + os.urandom(2_000), tmp_path)
    assert (numbers, kind in problems[0]) == ([], True)


RECORDS = '{"Records": [{"n": 1}, {"n": 2}]}\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_every_encoding_of_json_is_read(encoding: str, tmp_path: Path) -> None:
    for name, pack in PACKINGS.items():
        assert _read(pack(RECORDS.encode(encoding)), tmp_path) == ([1, 2], [], []), name


@given(
    st.lists(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]), min_size=1, max_size=5), st.integers(0, 3)
)
def test_files_of_different_encodings_one_after_another_are_read(encodings: list[str], blanks: int) -> None:
    text = '{"text": "Grüße, 世界 🙂"}\n' + "\n" * blanks
    parts, before = [], ""
    for encoding in encodings:
        # Without a mark nothing tells UTF-16 from what stood before it.
        encoding = "utf-16" if encoding == "utf-16-le" and before in ("utf-8", "utf-8-sig") else encoding
        parts.append(text.encode(encoding))
        before = encoding
    content = b"".join(parts)
    for size in (1, 7, 10_000):
        chunks = (content[start : start + size] for start in range(0, len(content), size))
        values = [record.value for record in RecordReader(decode_chunks(chunks))]
        assert values == [{"text": "Grüße, 世界 🙂"}] * len(encodings)


def test_half_a_character_at_the_end_loses_nothing_before_it() -> None:
    content = RECORDS.encode("utf-16") + b"{"
    records = list(RecordReader(decode_chunks(iter([content]))))
    assert [record.value for record in records] == [{"n": 1}, {"n": 2}, None]


def test_a_folder_is_read_in_order_and_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert find_files([str(tmp_path)]) == [tmp_path / "a/z.json", tmp_path / "b.json"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_files(["nowhere"])


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nothing")
    (path,) = find_files([str(tmp_path)])
    assert isinstance(path, Path)
    (source,) = open_sources(path)
    assert source.problems == ["it cannot be read: No such file or directory"]


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(folder: Path, onerror: Callable[[OSError], None]) -> list[tuple[str, list[str], list[str]]]:
        onerror(PermissionError(13, "Permission denied", f"{folder}/closed"))
        return []

    monkeypatch.setattr(os, "walk", walk)  # the tests may run as root, from whom nothing is closed
    (source,) = find_files([str(tmp_path)])
    assert isinstance(source, LogSource)
    assert (source.name, source.problems) == (f"{tmp_path}/closed/", ["it cannot be read: Permission denied"])
