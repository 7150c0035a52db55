"""The spool: rows of parents wait in bounded memory, in a file that nobody else can open."""

import gc
import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import InvalidResponse, WarehouseError
from aad_assets.graph.reading.child_items import Parent
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.spool import Slice, Spool
from aad_assets_tests.fake_graph import BASE, FakeGraph, batched, page

OWNERS = CATALOG["application_owners"]
MEBIBYTE = 2**20


def read_back(spool: Spool, slices: Sequence[Slice]) -> list[bytes]:
    return [row for where in slices for row in spool.read(where)]


def test_rows_come_back_in_order_from_memory_and_from_the_disk(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        written = {
            number: [b'{"id": "%d-%d", "text": "\n%s"}' % (number, each, b"x" * number * 1000) for each in range(50)]
            for number in range(40)
        }
        slices = {number: spool.write(rows) for number, rows in written.items()}
        assert sum(len(row) for rows in written.values() for row in rows) > 30 * MEBIBYTE
        for number in (39, 0, 17, *range(40)):
            assert read_back(spool, slices[number]) == written[number]


def test_a_slice_is_small_unless_a_single_row_is_large() -> None:
    with Spool() as spool:
        slices = spool.write([b"x" * 300_000] * 20 + [b"y" * 5 * MEBIBYTE])
        assert all(size < 2 * MEBIBYTE for _, size in slices[:-1])
        assert read_back(spool, slices)[-1] == b"y" * 5 * MEBIBYTE


def test_no_rows_have_no_slices() -> None:
    with Spool() as spool:
        assert spool.write([]) == []


def test_the_space_of_dropped_rows_is_used_again() -> None:
    with Spool() as spool:
        for _ in range(50):
            slices = spool.write([b"x" * MEBIBYTE] * 2)
            assert max(offset for offset, _ in slices) < 3 * MEBIBYTE
            spool.release(slices)


def test_rows_that_others_hold_stay_when_some_are_dropped() -> None:
    with Spool() as spool:
        kept = spool.write([b"kept"])
        spool.release(spool.write([b"dropped"]))
        spool.write([b"later"])
        assert read_back(spool, kept) == [b"kept"]


def test_the_file_on_the_disk_has_no_name_and_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    with Spool(tmp_path) as spool:
        spool.write([b"x" * MEBIBYTE] * 10)
        assert list(tmp_path.iterdir()) == []
        assert os.fstat(spool._file.fileno()).st_mode & 0o077 == 0
        assert os.fstat(spool._file.fileno()).st_nlink == 0


def test_a_full_disk_says_to_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Spool(tmp_path) as spool:
        monkeypatch.setattr(spool._file, "write", fail)
        with pytest.raises(WarehouseError, match=r"No space left on device.*Check free disk space"):
            spool.write([b"x"])


class CountingPart:
    """A part that counts its rows."""

    def __init__(self) -> None:
        self.rows = self.largest = 0

    async def add(self, rows: Sequence[bytes | object]) -> None:
        self.rows += len(rows)
        self.largest = max(self.largest, len(rows))

    async def discard(self) -> None:
        raise AssertionError("nothing is read again")

    async def close(self) -> None:
        pass


def test_a_parent_with_very_many_children_stays_within_memory(graph: FakeGraph, tmp_path: Path) -> None:
    pages, rows = 60, 100

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("$skiptoken", 0))
        if number % 10 == 0:
            gc.collect()  # the fake's responses are part of reference cycles
        more = f"{BASE}/applications/a/owners?$skiptoken={number + 1}" if number + 1 < pages else None
        return page([{"id": f"{number}-{each}", "text": "x" * 5_000} for each in range(rows)], more)

    graph.handler = lambda request: batched(request, answer) if request.method == "POST" else answer(request)
    part = CountingPart()
    tracemalloc.start()
    try:
        graph.run(lambda client: read_children(client, OWNERS, [("a",)], graph.meter, part, spool_folder=tmp_path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert part.rows == pages * rows, "about 30 MB"
    assert part.largest < 500
    assert peak < 20 * MEBIBYTE


def test_the_error_of_a_parent_keeps_no_frames_with_the_pages_that_had_arrived() -> None:
    parent = Parent(("a",), [None])
    try:
        try:
            raise ValueError
        except ValueError as cause:
            raise InvalidResponse("The pages never end.") from cause
    except InvalidResponse as error:
        parent.fail(None, error)
    kept = parent.errors[None]
    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)
