"""Views in Dagster: specs of the entities' multi-asset, and the events of a refresh."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.orchestration.views import describe_view, view_event, view_spec
from aad_assets.warehouse.publishing.views import ParentData, ViewOutcome, ViewStatus

LICENSES = next(view for view in VIEWS if view.name == "user_licenses")
FRESH = ParentData("users", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "published")
OLD = ParentData("groups", datetime(2026, 1, 1, tzinfo=UTC), "failed")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_asset_of_a_view_describes_it(view: View) -> None:
    spec = view_spec("contoso", view, owners=["team:identity"])

    assert spec.key == dg.AssetKey(["contoso", view.name])
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey(["contoso", table]) for table in view.tables]
    assert set(view.tables) <= set(CATALOG)
    assert spec.skippable
    assert spec.group_name == f"contoso_{view.group.value}"
    assert spec.kinds == {"duckdb", "view"}
    assert spec.owners == ["team:identity"]
    assert spec.metadata["dagster/table_name"] == f"contoso.{view.name}"
    assert [(c.name, c.type, c.description) for c in spec.metadata["dagster/column_schema"].columns] == [
        (column.name, column.type, column.meaning) for column in view.columns
    ]
    assert spec.description
    assert view.query_on("contoso") in spec.description


def test_a_refreshed_view_is_a_materialisation_that_names_old_data() -> None:
    outcome = ViewOutcome(LICENSES, ViewStatus.REFRESHED, 1234, (FRESH, OLD))
    event = view_event("aad", outcome)

    assert isinstance(event, dg.MaterializeResult)
    assert event.asset_key == dg.AssetKey(["aad", "user_licenses"])
    assert event.metadata
    assert event.metadata["dagster/row_count"] == 1234
    assert event.metadata["dagster/table_name"] == "aad.user_licenses"
    assert event.metadata["data"] == [
        "users: of 2026-01-02 03:04 UTC",
        "groups: of 2026-01-01 00:00 UTC (failed in this run)",
    ]
    assert event.metadata["old_data"] == ["groups: of 2026-01-01 00:00 UTC (failed in this run)"]
    assert describe_view(outcome) == (
        "user_licenses: refreshed, 1,234 rows; data of an earlier run: groups: of 2026-01-01 00:00 UTC (failed in this run)"
    )


def test_a_view_over_fresh_tables_has_no_old_data() -> None:
    outcome = ViewOutcome(LICENSES, ViewStatus.REFRESHED, 1, (FRESH,))
    event = view_event("aad", outcome)

    assert isinstance(event, dg.MaterializeResult)
    assert event.metadata
    assert "old_data" not in event.metadata
    assert describe_view(outcome) == "user_licenses: refreshed, 1 row"


def test_a_view_with_columns_that_are_turned_off_says_so() -> None:
    reason = "user_licenses shows NULL for users.displayName, which is turned off."
    outcome = ViewOutcome(LICENSES, ViewStatus.REFRESHED, 1, (FRESH,), reason, ("users.displayName",))
    event = view_event("aad", outcome)

    assert isinstance(event, dg.MaterializeResult)
    assert event.metadata
    assert (event.metadata["null_columns"], event.metadata["reason"]) == (["users.displayName"], reason)
    assert describe_view(outcome) == f"user_licenses: refreshed, 1 row. {reason}"


@pytest.mark.parametrize("status", [ViewStatus.SKIPPED, ViewStatus.FAILED])
def test_a_view_that_was_not_refreshed_is_an_observation_with_the_reason(status: ViewStatus) -> None:
    outcome = ViewOutcome(LICENSES, status, reason="user_licenses was not refreshed because …")
    event = view_event("aad", outcome)

    assert isinstance(event, dg.AssetObservation)
    assert event.asset_key == dg.AssetKey(["aad", "user_licenses"])
    assert event.description == outcome.reason
    assert event.metadata["status"].value == status.value
    assert describe_view(outcome) == outcome.reason


def test_views_share_a_multi_asset_with_their_tables_and_are_yielded_after_them() -> None:
    spec = view_spec("aad", LICENSES)
    tables = [dg.AssetSpec(dep.asset_key, skippable=True) for dep in spec.deps]

    @dg.multi_asset(specs=[*tables, spec], can_subset=True)  # type: ignore[untyped-decorator,unused-ignore]
    def reload():  # type: ignore[no-untyped-def]
        yield dg.MaterializeResult(asset_key=["aad", "users"])
        yield view_event("aad", ViewOutcome(LICENSES, ViewStatus.REFRESHED, 1, (FRESH, OLD)))
        raise dg.Failure("groups failed", allow_retries=False)

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([reload], instance=instance, raise_on_error=False)
        [event] = result.asset_materializations_for_node("reload")[1:]

    assert not result.success
    assert event.asset_key == dg.AssetKey(["aad", "user_licenses"])
    assert event.metadata["old_data"].value == ["groups: of 2026-01-01 00:00 UTC (failed in this run)"]
    assert event.metadata["dagster/row_count"].value == 1
