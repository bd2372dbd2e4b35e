"""Stores the tree's nodes as C2SP tlog-tiles (https://c2sp.org/tlog-tiles): 256 hashes a tile, each written once.

The tree's size is not kept here but in the checkpoint: what lies beyond it was never signed and counts for nothing.
"""

import re
import shutil
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from trail import files
from trail.errors import TrailError
from trail.integrity import merkle

HEIGHT = 8
WIDTH = 1 << HEIGHT  # hashes in a full tile
_LEVELS = 8  # of tiles, for 2^63 leaves
_REMEMBERED = 128  # tiles, which is 1 MB
_TILE = re.compile(r"tile/(?P<level>[0-7])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


class TileConflict(TrailError):
    """A tile is there already and holds other hashes. Nothing was overwritten."""


class TileMissing(TrailError):
    """A tile that the tree's size calls for is not there, or too short."""


class Store(Protocol):
    """Where tiles are. A name is a path as in tlog-tiles, `tile/0/x001/234`."""

    def read(self, name: str) -> bytes | None:
        """The bytes under a name, or None."""

    def write(self, tiles: Mapping[str, bytes]) -> None:
        """Keep these, durably when it returns. The same again is no harm; raises TileConflict for other bytes."""

    def remove(self, name: str) -> None:
        """Take away a tile, or all that lies under a name, if there is any. Only for what is kept elsewhere too."""


class FileStore:
    """Tiles as files in a folder. Each appears whole or not at all, and is on the disk when `write` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> bytes | None:
        """The bytes of a tile, or None. Raises OSError."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, tiles: Mapping[str, bytes]) -> None:
        """Keep these tiles, durably when it returns. Raises TileConflict for other bytes under a name, OSError."""
        folders = {self.folder}
        for name, content in tiles.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not files.write_once(path, content, beside=self.folder):
                raise TileConflict(f"{path} is there already and holds other hashes.")
            folders.update(self.folder / parent for parent in Path(name).parents)
        for folder in folders:
            files.sync_folder(folder)

    def remove(self, name: str) -> None:
        """Delete a tile, or all below a name. Raises OSError."""
        path = self.folder / name
        with suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def tile_name(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a tile: `tile/0/x001/x234/067`, and `.p/8` behind it for one of eight hashes."""
    parts = [f"{index % 1_000:03}"]
    while index := index // 1_000:
        parts.append(f"x{index % 1_000:03}")
    return f"tile/{level}/{'/'.join(reversed(parts))}{f'.p/{width}' if width < WIDTH else ''}"


def parse_tile_name(name: str) -> tuple[int, int, int] | None:
    """Level, index and width of the tile with this path; None for every text that `tile_name` does not write."""
    match = _TILE.fullmatch(name)
    if match is None:
        return None
    level, index = int(match["level"]), int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or WIDTH)
    return (level, index, width) if tile_name(level, index, width) == name else None


class Tree:
    """The tree over the first `size` leaves in a store.

    The caller signs a checkpoint of the new size before it appends again, so that after a crash the size to go on from is that
    of the last checkpoint; the same leaves are then appended again, in batches of any size.
    """

    def __init__(self, store: Store, size: int = 0) -> None:
        self.size = size
        self._store = store
        self._tiles: OrderedDict[str, bytes] = OrderedDict()  # by name, the last used last

    def append(self, leaves: Iterable[bytes]) -> tuple[int, bytes]:
        """Add leaf hashes; the new size and root. Costs the batch, and a tile a level.

        Raises TileConflict, and changes nothing below the size, where other leaves were appended before from here.
        """
        hashes = list(leaves)
        if any(len(leaf) != merkle.SIZE for leaf in hashes):
            raise ValueError(f"a leaf hash has {merkle.SIZE} bytes")
        size = self.size + len(hashes)
        level, tiles, completed = 0, {}, []
        while hashes:
            before = self.size >> HEIGHT * level
            hashes = [*self._hashes(level, before - before % WIDTH, before), *hashes]
            parents = []
            for at in range(0, len(hashes), WIDTH):
                tile = hashes[at : at + WIDTH]
                index = (before >> HEIGHT) + at // WIDTH
                tiles[tile_name(level, index, len(tile))] = b"".join(tile)
                if len(tile) == WIDTH:
                    parents.append(merkle.perfect_root(tile))
                    completed.append(tile_name(level, index))
            hashes = parents
            level += 1
        self._store.write(tiles)
        for name in completed:
            self._store.remove(f"{name}.p")  # the full tile, durable by now, holds all that they held
        self.size = size
        return size, self.root()

    def read_unsigned(self) -> list[bytes]:
        """The leaves that an append which was never signed left beyond the size, as far as they follow without a gap."""
        leaves: list[bytes] = []
        index, width = divmod(self.size, WIDTH)
        while content := self._read_widest(index):
            leaves += [content[at : at + merkle.SIZE] for at in range(width * merkle.SIZE, len(content), merkle.SIZE)]
            if len(content) < WIDTH * merkle.SIZE:
                break
            index, width = index + 1, 0
        return leaves

    def _read_widest(self, index: int) -> bytes:
        contents = (self._store.read(tile_name(0, index, width)) for width in range(WIDTH, 0, -1))
        return next(filter(None, contents), b"")

    def discard_unsigned(self) -> None:
        """Delete what an append that was never signed left beyond the size, so that other leaves can come there.

        For a person who knows that no checkpoint beyond this size was ever given out.
        """
        for level in range(_LEVELS):
            index, width = divmod(self.size >> HEIGHT * level, WIDTH)
            if width:
                tile = b"".join(self._hashes(level, index * WIDTH, index * WIDTH + width))
                self._store.write({tile_name(level, index, width): tile})
            for wider in range(width + 1, WIDTH):
                self._store.remove(tile_name(level, index, wider))
            while self._store.read(tile_name(level, index)) is not None:
                self._store.remove(tile_name(level, index))
                index += 1
                self._store.remove(f"{tile_name(level, index)}.p")

    def root(self) -> bytes:
        """The root over all leaves. Raises TileMissing."""
        return self.root_at(self.size)

    def root_at(self, size: int) -> bytes:
        """The root over the first leaves. Raises ValueError beyond the tree, TileMissing."""
        self._must_hold(size)
        return merkle.root_at(size, self.subtree)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof for one leaf in the tree of this size, or of all. Raises ValueError, TileMissing."""
        size = self.size if size is None else size
        self._must_hold(size)
        return merkle.inclusion_proof(index, size, self.subtree)

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof between two sizes of the tree. Raises ValueError, TileMissing."""
        new = self.size if new is None else new
        self._must_hold(new)
        return merkle.consistency_proof(old, new, self.subtree)

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The leaf hashes of a range, read tile by tile. Raises ValueError, TileMissing."""
        end = self.size if end is None else end
        self._must_hold(end)
        return self.hashes(0, start, end)

    def hashes(self, level: int, start: int, end: int) -> Iterator[bytes]:
        """The hashes that the tiles of a level hold, from one to before another, read tile by tile."""
        while start < end:
            stop = min(end, (start // WIDTH + 1) * WIDTH)
            yield from self._hashes(level, start, stop)
            start = stop

    def subtree(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree: in a tile as it stands, or one to seven levels above one."""
        tile, above = divmod(level, HEIGHT)
        return merkle.perfect_root(self._hashes(tile, index << above, index + 1 << above))

    def _must_hold(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Hashes of one tile, from one to before another, numbered along the level."""
        if start == end:
            return []
        index, first = divmod(start, WIDTH)
        content = self._tile(level, index)
        last = end - index * WIDTH
        return [content[at * merkle.SIZE : (at + 1) * merkle.SIZE] for at in range(first, last)]

    def _tile(self, level: int, index: int) -> bytes:
        """The widest tile there is for this size. A full one may stand there early, from an append not signed yet."""
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        name = tile_name(level, index, width)
        if name in self._tiles:
            self._tiles.move_to_end(name)
            return self._tiles[name]
        content = self._store.read(name)
        if content is None and width < WIDTH:
            content = self._store.read(tile_name(level, index))
        if content is None or len(content) < width * merkle.SIZE:
            raise TileMissing(f"{name} is not there, or not whole.")
        self._tiles[name] = content
        if len(self._tiles) > _REMEMBERED:
            self._tiles.popitem(last=False)
        return content
