"""Staging: chunks, parts, passes and duplicates."""

import asyncio
import contextlib
import tracemalloc
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets.warehouse.staging.stage_part import StagePart
from aad_assets_tests.warehouse.conftest import MakeLab
from aad_assets_tests.warehouse.support import STRING, THINGS, Lab, OtherProcess, Row, encoded, entity

SMALL = entity({"id": STRING, "name": STRING})


def named(keys: range, name: str = "n") -> list[bytes]:
    return [encoded({"id": f"k{number:05}", "name": name}) for number in keys]


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """Return a lab with chunks of 1,000 bytes, about 30 rows."""
    return make_lab(chunk=1000)


def spooled(lab: Lab) -> list[Path]:
    return [path for path in lab.folder.glob("things-*") if path.suffix != ".parquet"]


def spooled_bytes(lab: Lab) -> int:
    total = 0
    for path in spooled(lab):
        with contextlib.suppress(FileNotFoundError):  # DuckDB has typed it
            total += path.stat().st_size
    return total


def typed(lab: Lab, part: StagePart) -> int:
    """Count the rows of the complete files. DuckDB may be writing another."""
    files = [str(path) for path in part.typed]
    return int(lab.query(f"SELECT count(*) FROM read_parquet({files})")[0][0]) if files else 0


def test_chunks_are_typed_as_soon_as_they_are_full(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        part = staging.part()
        for page in range(20):
            await part.add(named(range(page * 10, page * 10 + 10)))
            assert spooled_bytes(lab) < 3 * 1000
        assert typed(lab, part) > 100
        await part.close()
        assert typed(lab, part) == 200
        assert spooled(lab) == []

    lab.run(read())


def test_python_holds_no_more_than_a_page_of_the_rows(make_lab: MakeLab) -> None:
    lab = make_lab(chunk=2 * 2**20)
    page = named(range(1000), "x" * 1000)

    async def read() -> int:
        staging = EntityStage(lab.stage, SMALL)
        part = staging.part()
        tracemalloc.start()
        for _ in range(20):
            await part.add(page)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await part.close()
        return peak

    assert lab.run(read()) < 4 * 2**20


def test_many_tasks_may_add_to_one_part(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        part = staging.part()

        async def worker(first: int) -> None:
            for start in range(first, first + 300, 20):
                await part.add(named(range(start, start + 20)))

        await asyncio.gather(*(worker(first) for first in range(0, 1200, 300)))
        await part.close()
        assert (await staging.finish()).rows == 1200

    lab.run(read())


@pytest.mark.parametrize("count", [5, 200], ids=["spooled", "typed"])
def test_discard_deletes_only_that_part(lab: Lab, count: int) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        kept, restarted = staging.part(), staging.part()
        await kept.add(named(range(40)))
        for start in range(1000, 1000 + count, 5):
            await restarted.add(named(range(start, start + 5), "old"))
        await restarted.discard()
        await kept.add(named(range(40, 80)))
        await restarted.add(named(range(1000, 1003), "new"))
        await kept.close()
        await restarted.close()
        staged = await staging.finish()
        assert (staged.rows, staged.duplicates) == (83, 0)
        assert lab.query(f"SELECT count(*) FROM {staged.relation} WHERE name = 'new'") == [(3,)]
        assert lab.query(f"SELECT count(*) FROM {staged.relation} WHERE name = 'old'") == [(0,)]

    lab.run(read())


def test_discard_deletes_what_was_noticed_in_that_part(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        kept, restarted = staging.part(), staging.part()
        await kept.add([encoded({"id": "1", "name": [], "new": 1})])
        await restarted.add([encoded({"id": "2", "name": {}, "newer": 1})])
        await restarted.discard()
        await restarted.add([encoded({"id": "2", "name": "fits"})])
        await kept.close()
        await restarted.close()
        staged = await staging.finish()
        assert [reject.key for reject in lab.rejects(staged)] == ["1"]
        assert staged.undeclared == ("new",)

    lab.run(read())


def test_a_column_that_never_fits_does_not_fill_the_memory(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aad_assets.warehouse.staging.stage_part._REJECTS", 50)

    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        kept, restarted = staging.part(), staging.part()
        for part, start in ((kept, 0), (restarted, 500), (restarted, 1000)):
            if start == 1000:
                await restarted.discard()
            for page in range(start, start + 200, 20):
                await part.add([encoded({"id": str(number), "name": [number]}) for number in range(page, page + 20)])
                assert len(part.rejects) < 50
            await part.close()
        rejects = lab.rejects(await staging.finish())
        assert {(reject.key, reject.value) for reject in rejects} == {
            (str(number), f"[{number}]") for number in [*range(200), *range(1000, 1200)]
        }

    lab.run(read())


@pytest.mark.parametrize("chunk", [1, 200, 10_000], ids=["each row", "some rows", "all rows"])
def test_of_duplicates_in_several_parts_the_one_that_arrived_last_stays(make_lab: MakeLab, chunk: int) -> None:
    """A chunk is numbered when it is full, and so the chunk of a long chain can have a high number and early rows."""
    lab = make_lab(chunk=chunk)

    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        long, short, restarted = staging.part(), staging.part(), staging.part()
        await restarted.add(named(range(10), "discarded"))
        await long.add(named(range(10), "1"))
        await long.add(named(range(2, 12), "2"))
        await short.add(named(range(4, 14), "3"))
        await short.close()
        await restarted.discard()
        await restarted.add(named(range(6, 16), "4"))
        await long.add(named(range(8, 18), "5"))
        await restarted.add(named(range(10, 20), "6"))
        await restarted.close()
        await long.close()
        staged = await staging.finish()
        assert (staged.rows, staged.duplicates) == (20, 40)
        names = [name for (name,) in lab.query(f"SELECT name FROM {staged.relation} ORDER BY id")]
        assert "".join(names) == "11223344556666666666"

    lab.run(read())


def test_of_duplicates_the_last_one_stays_and_the_others_are_counted(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        part = staging.part()
        for turn in range(3):
            for start in range(0, 100, 20):
                await part.add(named(range(start, start + 20), f"turn {turn}"))
        await part.close()
        staged = await staging.finish()
        assert (staged.rows, staged.duplicates) == (100, 200)
        assert lab.query(f"SELECT DISTINCT name FROM {staged.relation}") == [("turn 2",)]

    lab.run(read())


def test_a_key_of_two_columns_is_a_duplicate_in_both_alone(lab: Lab) -> None:
    rows: list[Row | bytes] = [
        {"groupId": group, "id": member} for group, member in [("a", "b"), ("a", "c"), ("b", "b"), ("a", "b")]
    ]
    staged = lab.land(rows, CATALOG["group_members"])
    assert (staged.rows, staged.duplicates) == (3, 1)


def test_a_reject_of_a_row_that_came_twice_is_one_reject(lab: Lab, target: Target) -> None:
    row: Row = {"id": "1", "name": []}
    load = lab.publish(target, [row, row], SMALL)
    assert (load.rows, load.duplicates, load.rejected) == (1, 1, 1)


def test_passes_are_joined_on_the_key(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, THINGS)
        first, second = staging.part(0), staging.part(1)
        await first.add([encoded({"id": "1", "name": "n", "new": 1}), encoded({"id": "2", "name": "gone"})])
        await first.add([encoded({"id": "1", "name": "newer", "new": 2}), encoded({"id": "4", "new": 4})])
        await second.add([encoded({"id": "1", "small": 1, "newest": {"a": 3}}), encoded({"id": "3", "small": 3})])
        await second.add([encoded({"id": "4", "tags": ["t"]})])
        await first.close()
        await second.close()
        staged = await staging.finish([("id", "name"), ("id", "small", "tags")])
        rows = lab.rows(staged)
        assert (staged.rows, staged.duplicates) == (2, 1)
        assert rows.keys() == {"1", "4"}
        assert {name: value for name, value in rows["1"].items() if value is not None} == {
            "id": "1",
            "name": "newer",
            "small": 1,
            "_extra": {"new": 2, "newest": {"a": 3}},
        }
        assert (rows["4"]["tags"], rows["4"]["_extra"]) == (["t"], {"new": 4})

    lab.run(read())


def test_a_part_that_was_not_closed_is_rejected(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        await staging.part().close()
        await staging.part().add(named(range(3)))
        with pytest.raises(WarehouseError, match="did not end properly"):
            await staging.finish()
        await staging.abort()

    lab.run(read())


def test_an_entity_of_which_nothing_was_read_is_not_an_empty_one(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        with pytest.raises(WarehouseError, match="did not end properly"):
            await staging.finish()
        await staging.part(0).close()
        with pytest.raises(WarehouseError, match="did not end properly"):
            await staging.finish([("id",), ("id", "name")])
        assert (await staging.finish()).rows == 0

    lab.run(read())


def test_reset_deletes_everything(lab: Lab) -> None:
    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        first, second = staging.part(), staging.part(1)
        for start in range(0, 100, 20):
            await first.add(named(range(start, start + 20)))
        await second.add([encoded({"id": "1", "name": [], "new": 1})])
        await staging.reset()
        assert spooled(lab) == []
        part = staging.part()
        await part.add(named(range(2)))
        await part.close()
        staged = await staging.finish()
        assert (staged.rows, staged.duplicates, lab.rejects(staged), staged.undeclared) == (2, 0, [], ())

    lab.run(read())


def test_two_entities_are_staged_side_by_side(lab: Lab) -> None:
    one, two = entity({"id": STRING}, table="one"), entity({"id": STRING, "name": STRING}, table="two")

    async def read(stagings: list[EntityStage]) -> list[int]:
        parts = [staging.part() for staging in stagings]
        for start in range(0, 100, 10):
            await parts[0].add([encoded({"id": str(number)}) for number in range(start, start + 10)])
            await parts[1].add(named(range(start * 2, start * 2 + 20)))
        for part in parts:
            await part.close()
        return [(await staging.finish()).rows for staging in stagings]

    assert lab.run(read([EntityStage(lab.stage, one), EntityStage(lab.stage, two)])) == [100, 200]


def test_ids_are_those_of_every_row(lab: Lab) -> None:
    staged = lab.land(named(range(50)), SMALL)
    values = lab.run(EntityStage(lab.stage, SMALL).values(staged.relation, ("id",)))
    assert sorted(values) == [(f"k{number:05}",) for number in range(50)]


@pytest.mark.parametrize("name", ['it\'s "here"', "id=5", "[a-z]*", "name=5/id=6"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    with contextlib.closing(Lab(folder)) as lab:
        rows = lab.rows(lab.land([{"id": "1", "name": "n"}], SMALL), SMALL)
    assert rows == {"1": {"id": "1", "name": "n", "_extra": None}}


def test_what_cannot_be_written_is_a_warehouse_error(lab: Lab, tmp_path: Path) -> None:
    lab.stage.folder = tmp_path / "gone"

    async def read() -> None:
        staging = EntityStage(lab.stage, SMALL)
        with pytest.raises(WarehouseError, match=r"gone \(No such file or directory\); nothing is published"):
            await staging.part().add(named(range(3)))

    lab.run(read())


def test_an_error_of_duckdb_is_reported_without_its_text(lab: Lab) -> None:
    with pytest.raises(WarehouseError, match=r"\(ConversionException\)") as caught:
        lab.run(lab.stage.run(lambda cursor: cursor.execute("SELECT 'Ada Lovelace'::INTEGER").fetchall()))
    assert "Ada" not in str(caught.value)


def test_a_time_without_an_offset_is_utc_wherever_this_runs(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from aad_assets_tests.warehouse.conftest import MakeLab
from aad_assets_tests.warehouse.support import Lab
lab = Lab(Path(sys.argv[1]))
print(lab.rows(lab.land([{"id": "1", "moment": "2024-07-01T00:00:00"}]))["1"]["moment"])
lab.close()
"""
    with OtherProcess(script, str(tmp_path), TZ="America/New_York") as other:
        assert other.line() == "2024-07-01 00:00:00+00"


def test_files_are_written_without_experimental_metadata_reuse(lab: Lab) -> None:
    """The setting applies to every cursor. DuckDB 2 does not have it."""
    assert lab.query("SELECT value FROM duckdb_settings() WHERE name = 'experimental_metadata_reuse'") in ([], [("false",)])


def test_no_two_reads_of_a_table_use_the_same_file(lab: Lab) -> None:
    """The days of a log are staged one after the other. DuckDB has read bytes of the earlier file from its cache of files."""

    async def stage() -> list[Path]:
        staging = EntityStage(lab.stage, THINGS)
        parts = [staging.part(), staging.part()]
        for part in parts:
            await part.add([b'{"id": "a"}'])
            await part.close()
        await staging.finish()
        await staging.abort()
        return [path for part in parts for path in part.typed]

    paths = [path for _ in range(3) for path in lab.run(stage())]
    assert len(set(paths)) == len(paths) == 6
