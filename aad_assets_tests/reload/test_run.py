"""A run ends with an outcome for each entity and view, or with an error. It never ends as a success that loaded nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.views import VIEWS
from aad_assets.demo import DemoServer
from aad_assets.errors import AadAssetsError
from aad_assets.orchestration import EntraResource, WarehouseResource, build_definitions
from aad_assets.reload import Outcome, load, run
from aad_assets.reload.read import Reader
from aad_assets_tests.reload.conftest import House

STRAYS = [asyncio.CancelledError, SystemExit]


@pytest.fixture
def house(whole_tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> House:
    return house_of(whole_tenant)


def raise_in_read(monkeypatch: pytest.MonkeyPatch, stray: type[BaseException], table: str = "domains") -> None:
    """Let `stray` escape from the read of one table, in the thread of the reload."""
    read = Reader.read

    async def escape(self: Reader, entity: Any, *arguments: Any) -> Any:
        if entity.table == table:
            raise stray
        return await read(self, entity, *arguments)

    monkeypatch.setattr(Reader, "read", escape)


@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_cancellation_or_exit_fails_the_reload(
    house: House, monkeypatch: pytest.MonkeyPatch, stray: type[BaseException]
) -> None:
    raise_in_read(monkeypatch, stray)

    with pytest.raises(AadAssetsError, match=rf"The reload was aborted by {stray.__name__} at \S+:\d+ in \w+\..*report it"):
        house.reload("domains", "organization")


@pytest.mark.parametrize("stray", STRAYS)
def test_a_stray_cancellation_or_exit_fails_the_run_in_dagster(
    house: House, monkeypatch: pytest.MonkeyPatch, stray: type[BaseException]
) -> None:
    raise_in_read(monkeypatch, stray)
    definitions = build_definitions(
        environment={},
        entities=[CATALOG["domains"], CATALOG["organization"]],
        entra=EntraResource(**house.connection().model_dump()),
        warehouse=WarehouseResource(database=str(house.database)),
    )

    result = definitions.resolve_job_def("reload_directory").execute_in_process(raise_on_error=False)

    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert f"The reload was aborted by {stray.__name__}" in str(failure.step_failure_data.error)


async def nothing(coroutines: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Take the place of `gather_or_cancel`, and do none of the work."""
    for coroutine in coroutines:
        coroutine.close()


def test_a_run_that_loads_nothing_names_every_entity_and_view(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "gather_or_cancel", nothing)

    with pytest.raises(AadAssetsError, match=r"without an outcome for domains, organization, user_licenses\. Please report"):
        house.reload("domains", "organization", views=[view for view in VIEWS if view.name == "user_licenses"])


def test_a_view_without_an_outcome_fails_the_run_after_everything_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "refresh_views", lambda *arguments, **options: iter(()))
    outcomes = house.start(["domains"], views=VIEWS[:1]).outcomes()

    first = next(outcome for outcome in outcomes if outcome)
    assert isinstance(first, Outcome)
    assert first.load.status == "published"
    with pytest.raises(AadAssetsError, match=f"without an outcome for {VIEWS[0].name}"):
        list(outcomes)


def test_stopping_early_is_no_error(house: House) -> None:
    outcomes = house.start(["domains", "organization"]).outcomes()
    assert next(outcome for outcome in outcomes if outcome)

    outcomes.close()
