"""The order in which the rows of one entity arrived, over all of its parts.

Shards and other concurrent chains add rows in turn, and a chunk is numbered only when it is full. Of two states of a row, the
later one can therefore be in the chunk with the lower number.
"""

from dataclasses import dataclass, field


@dataclass
class Turns:
    """Turns of an entity's parts. A turn is a number of rows that no other part's rows interrupted."""

    count: int = 0
    latest: "Arrivals | None" = None


@dataclass
class Arrivals:
    """The turns of one part, by chunk."""

    turns: Turns
    chunks: list[tuple[int, int, int]] = field(default_factory=list)
    """The chunk, its first row, and the number of each turn in a chunk."""
    _spooled: list[tuple[int, int]] = field(default_factory=list)
    _rows: int = 0

    def add(self, rows: int) -> None:
        """Take note of rows that the part has spooled."""
        if self.turns.latest is not self or not self._spooled:
            self.turns.latest = self
            self.turns.count += 1
            self._spooled.append((self._rows, self.turns.count))
        self._rows += rows

    def close_chunk(self, number: int) -> None:
        """Take note that the rows spooled so far are the chunk `number`."""
        self.chunks += [(number, first_row, turn) for first_row, turn in self._spooled]
        self._spooled.clear()
        self._rows = 0

    def clear(self) -> None:
        """Discard all turns."""
        self.chunks.clear()
        self._spooled.clear()
        self._rows = 0
