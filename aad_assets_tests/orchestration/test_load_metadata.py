"""The metadata that Dagster shows of a published load."""

from aad_assets.catalog import CATALOG
from aad_assets.orchestration.specs import load_metadata
from aad_assets.reload import Outcome
from aad_assets_tests.warehouse.support import new_load, refusals


def test_refused_parents_and_the_rows_of_the_whole_table_are_shown() -> None:
    entity = CATALOG["group_members"]
    load = new_load(1, entity)
    load.rows, load.kept = 56, 2
    plain = load_metadata("aad", Outcome(entity, load, 1.0))
    assert (plain["dagster/row_count"], plain.get("refused_parents")) == (56, None)
    load.refusals = [refusals(entity.table, "g1", "g2")]
    shown = load_metadata("aad", Outcome(entity, load, 1.0, table_rows=58))
    assert (shown["dagster/row_count"], shown["refused_parents"]) == (58, 2)
