"""Holds the stretch of a text that is being read, and knows its place: the line, the byte, and what precedes it on its line."""

from collections.abc import Iterator

CHUNK = 256 * 1024  # characters
_LONGEST_INDENT = 200


class TextWindow:
    """`text[at:]` is what is read next. Memory is what is pending and one chunk."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._before = ""
        self._is_ascii = True
        self.text = ""
        self.at = 0
        self.line = 1
        self.offset = 0  # bytes of the text before `at`, as UTF-8

    @property
    def pending(self) -> int:
        """How many characters there are after `at`."""
        return len(self.text) - self.at

    def fill(self) -> bool:
        """Read at least as much again as is pending. False where nothing more comes."""
        before = self.read_before()
        self._before = before[-_LONGEST_INDENT:]
        parts = [self.text[self.at :]]
        wanted, size = max(CHUNK, len(parts[0])), 0
        while size < wanted:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
            size += len(piece)
        self.text, self.at = "".join(parts), 0
        self._is_ascii = self.text.isascii()
        return size > 0

    def read_before(self) -> str:
        """What stands before `at` on its line, or the end of it."""
        start = self.text.rfind("\n", 0, self.at)
        return self._before + self.text[: self.at] if start < 0 else self.text[start + 1 : self.at]

    def advance(self, end: int) -> None:
        """Go on at `end`."""
        self.line += self.text.count("\n", self.at, end)
        self.offset += end - self.at if self._is_ascii else _count_bytes(self.text[self.at : end])
        self.at = end


def _count_bytes(text: str) -> int:
    try:
        return len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # half a character of UTF-16, which stands for no byte
        return len(text.encode("utf-8", "surrogatepass"))
