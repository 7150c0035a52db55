"""The UI in a real browser: the asset graph, materialising, hidden secrets, the schedule, and stopping a run."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as NotVisibleInTime

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.browser import chromium
from aad_assets_tests.e2e.conftest import Place, make_place
from aad_assets_tests.e2e.webserver import DagsterDev

WAIT_SECONDS = 150
"""A schedule may take a minute to start a run."""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
FAST_QUEUE = """
run_coordinator:
  module: dagster
  class: QueuedRunCoordinator
  config:
    dequeue_interval_seconds: 1
"""
"""By default, Dagster starts queued runs only every 5 s."""


def eventually(found: Callable[[], Any]) -> Any:
    """Return the first truthy value of `found`, calling it again for up to `WAIT_SECONDS`."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline, f"no value within {WAIT_SECONDS} s"
        time.sleep(0.2)
    return value


@pytest.fixture(scope="module")
def ui_tenant() -> Iterator[DemoServer]:
    """Yield the tenant that the UI reloads."""
    with DemoServer(users=300, no_quota=True) as server:
        yield server


@pytest.fixture(scope="module")
def place(ui_tenant: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("ui") / "place", ui_tenant.environment(), captured=True)
    with (place.dagster_home / "dagster.yaml").open("a") as configuration:
        configuration.write(FAST_QUEUE)
    return place


@pytest.fixture(scope="module")
def dev(place: Place) -> Iterator[DagsterDev]:
    with DagsterDev(place, AAD_SCHEDULE_CRON="* * * * *") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, dev: DagsterDev) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=dev.url)
    yield page
    page.close()


def launched_by(dev: DagsterDev, press: Callable[[], None]) -> str:
    """Return the id of the run that `press` starts."""
    before = {run["id"] for run in dev.runs()}
    press()
    new = eventually(
        lambda: [r for r in dev.runs() if r["id"] not in before and not any("schedule" in t["key"] for t in r["tags"])]
    )
    return str(new[0]["id"])


def status_of(dev: DagsterDev, run_id: str) -> str:
    return next(str(run["status"]) for run in dev.runs() if run["id"] == run_id)


def ended(dev: DagsterDev, run_id: str) -> str:
    """Wait until the run has ended, and return its status."""
    eventually(lambda: status_of(dev, run_id) in ENDED)
    return status_of(dev, run_id)


def test_the_asset_graph_shows_the_groups(page: Page) -> None:
    page.goto("/asset-groups")

    for group in {entity.group for entity in CATALOG.values()}:
        expect(page.get_by_text(group.value, exact=True).first).to_be_visible()


def test_materialize_on_one_asset(page: Page, dev: DagsterDev, place: Place) -> None:
    page.goto("/assets/aad/users")
    run_id = launched_by(dev, page.locator("button", has_text=re.compile("^Materialize$")).click)

    assert ended(dev, run_id) == "SUCCESS"

    rows = place.query("SELECT count(*) FROM aad.users")[0][0]
    page.goto("/assets/aad/users")
    expect(page.get_by_text(f"{rows:,}", exact=True).first).to_be_visible()
    # The UI shows column names of a materialisation in lower case.
    expect(page.get_by_text(re.compile("^userPrincipalName$", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_text("STRUCT(", exact=False).first).to_be_visible()


@pytest.mark.slow
def test_materialize_all(page: Page, dev: DagsterDev, place: Place) -> None:
    page.goto("/asset-groups")
    run_id = launched_by(dev, page.get_by_role("button", name="Materialize all").click)

    assert ended(dev, run_id) == "SUCCESS"

    loads = place.query(f"SELECT entity FROM aad_meta.loads WHERE run_id = '{run_id}' AND status = 'published'")
    assert {load[0] for load in loads} == {entity.table for entity in CATALOG.values() if entity.on and entity.app_only}


def test_secrets_are_hidden_in_ui_and_api(page: Page, dev: DagsterDev, ui_tenant: DemoServer) -> None:
    page.goto("/locations/aad_assets/resources/entra")
    expect(page.get_by_text("client_secret", exact=False).first).to_be_visible()
    shown = page.content()
    query = """{ repositoriesOrError { ... on RepositoryConnection { nodes { allTopLevelResourceDetails {
        name configFields { name defaultValueAsJson } configuredValues { key value type } } } } } }"""
    response = str(dev.ask(query))

    assert "configuredValues" in response
    assert "AAD_CLIENT_SECRET" in shown
    assert ui_tenant.client_secret not in shown + response


@pytest.mark.slow
def test_the_schedule_turned_on_launches_a_run(page: Page, dev: DagsterDev) -> None:
    page.goto("/locations/aad_assets/schedules/reload_directory_schedule")
    switch = page.locator("input[type=checkbox]").first
    switch.dispatch_event("click")
    try:
        scheduled = eventually(
            lambda: [
                run
                for run in dev.runs()
                if {"key": "dagster/schedule_name", "value": "reload_directory_schedule"} in run["tags"]
            ]
        )
    finally:
        switch.dispatch_event("click")  # Turn it off at once, because it starts a run every minute.
    eventually(lambda: all(run["status"] in ENDED for run in dev.runs()))
    assert status_of(dev, str(scheduled[-1]["id"])) == "SUCCESS"


def confirm_termination(page: Page) -> None:
    """Press Terminate until the dialog shows, because a click is lost while the page renders the button, and confirm it."""
    confirm = page.get_by_role("button", name="Terminate 1 run")

    def asked() -> bool:
        with suppress(NotVisibleInTime):
            page.get_by_role("button", name="Terminate").first.click(timeout=10_000)
            confirm.wait_for(timeout=10_000)
        if confirm.is_visible():
            return True
        page.reload()
        return False

    eventually(asked)
    confirm.click()


@pytest.fixture
def _slow_groups(ui_tenant: DemoServer) -> Iterator[None]:
    """Let groups take minutes to read."""
    ui_tenant.faults([{"kind": "latency", "path": "/groups", "ms": 120_000}])
    yield
    ui_tenant.clear_faults()


@pytest.mark.usefixtures("_slow_groups")
def test_terminate_cancels_the_reads_and_releases_the_database(page: Page, dev: DagsterDev, place: Place) -> None:
    page.goto("/asset-groups")
    run_id = launched_by(dev, page.get_by_role("button", name="Materialize all").click)
    staging = place.database.with_name(f".{place.database.name}.staging")
    eventually(lambda: place.database.exists() and place.database.stat().st_size > 0 and staging.exists())

    # While Dagster does not know the process yet, the UI offers to give the run up and leave the process.
    eventually(lambda: dev.can_terminate(run_id))
    page.goto(f"/runs/{run_id}")
    confirm_termination(page)
    began = time.monotonic()
    assert ended(dev, run_id) == "CANCELED"

    assert time.monotonic() - began < 60  # half the time of one response
    eventually(lambda: not staging.exists())
    assert place.query(f"SELECT count(*) FROM aad_meta.loads WHERE entity = 'groups' AND run_id = '{run_id}'") == [(0,)]


def test_with_an_empty_environment_the_ui_opens_and_the_run_names_what_to_set(browser: Browser, tmp_path: Any) -> None:
    place = make_place(tmp_path / "place", {})
    with DagsterDev(place) as dev:
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=dev.url)
        page.goto("/assets/aad/users")
        run_id = launched_by(dev, page.locator("button", has_text=re.compile("^Materialize$")).click)
        assert ended(dev, run_id) == "FAILURE"

        page.goto(f"/runs/{run_id}")
        expect(page.get_by_text("Set AAD_TENANT_ID to the tenant's GUID or domain").first).to_be_visible()
        page.close()
