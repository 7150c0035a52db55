"""Data versions, freshness policies and automation conditions in Dagster."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG
from aad_assets.orchestration.assets import outcome_events
from aad_assets.orchestration.build import build_definitions
from aad_assets.orchestration.freshness import longest_pause
from aad_assets.reload import Outcome
from aad_assets.settings import Settings
from aad_assets_tests.warehouse.support import new_load

CHANGED = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
EAGER = dg.AutomationCondition.eager().replace(dg.AutomationCondition.any_deps_updated(), CHANGED)
USERS = dg.AssetKey(["aad", "users"])


def materialized(data_version: str) -> dg.MaterializeResult[None]:
    """Return what the reload yields for users."""
    outcome = Outcome(CATALOG["users"], new_load(0, CATALOG["users"]), 1.0, data_version=data_version)
    (result,) = (event for event in outcome_events("aad", outcome) if isinstance(event, dg.MaterializeResult))
    return result


# evaluate_automation_conditions itself uses what Dagster calls beta.
@pytest.mark.filterwarnings("ignore:Parameter `include_sources`")
@pytest.mark.parametrize("condition", [CHANGED, EAGER], ids=["alone", "in eager"])
def test_a_downstream_asset_runs_once_for_a_change_and_not_for_an_unchanged_load(
    condition: dg.AutomationCondition[Any],
) -> None:
    versions = iter(["one", "one", "two", "two"])

    @dg.multi_asset(specs=[dg.AssetSpec(USERS, code_version="1")])
    def reload() -> dg.MaterializeResult[None]:
        return materialized(next(versions))

    @dg.asset(deps=[USERS], automation_condition=condition)
    def downstream() -> None: ...

    definitions = dg.Definitions([reload, downstream])
    requested = []
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([reload, downstream], instance=instance)
        state = dg.evaluate_automation_conditions(definitions, instance)
        for _ in range(3):
            dg.materialize([reload], instance=instance)
            state = dg.evaluate_automation_conditions(definitions, instance, cursor=state.cursor)
            requested.append(state.total_requested)
            if state.total_requested:
                dg.materialize([downstream], instance=instance)

    assert requested == [0, 1, 0]


def test_every_asset_has_a_fixed_code_version_and_a_freshness_policy() -> None:
    definitions = build_definitions(Settings(), environment={})

    specs = list(definitions.resolve_all_asset_specs())
    assert len(specs) > 100
    assert {spec.code_version for spec in specs} == {"1"}
    windows = {str(spec.key.path[-1]): spec.freshness_policy for spec in specs}
    assert windows["users"] == dg.FreshnessPolicy.time_window(timedelta(hours=48), timedelta(hours=30))
    assert windows["sign_ins"] == dg.FreshnessPolicy.time_window(timedelta(hours=8), timedelta(hours=5))
    assert None not in windows.values()


def test_build_definitions_takes_an_automation_condition() -> None:
    definitions = build_definitions(Settings(), automation_condition=EAGER, environment={})

    assert {spec.automation_condition for spec in definitions.resolve_all_asset_specs()} == {EAGER}


@pytest.mark.parametrize(
    ("cron", "hours"),
    [
        ("0 2 * * *", 24),
        ("30 3/4 * * *", 4),
        ("0 5 * * 0", 7 * 24),
        ("0 9-17 * * 1-5", 64),
        ("0 0 1 * *", 31 * 24),
        ("@hourly", 1),
    ],
)
def test_the_longest_pause_between_two_ticks(cron: str, hours: int) -> None:
    assert longest_pause(cron, "UTC") == timedelta(hours=hours)


field = st.one_of(st.just("*"), st.integers(2, 20).map(lambda step: f"*/{step}"), st.integers(0, 23).map(str))


@given(minute=field, hour=field, weekday=st.sampled_from(["*", "0", "1-5"]), zone=st.sampled_from(["UTC", "Europe/Berlin"]))
def test_every_schedule_gives_a_policy_that_dagster_accepts(minute: str, hour: str, weekday: str, zone: str) -> None:
    cron = f"{minute} {hour} * * {weekday}"

    definitions = build_definitions(
        Settings(schedule_cron=cron, schedule_timezone=zone), entities=[CATALOG["users"]], environment={}
    )

    assert all(spec.freshness_policy for spec in definitions.resolve_all_asset_specs())
