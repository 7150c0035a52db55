"""Pictures of what people see of a reload in the UI, in a real browser. `make screenshots` keeps them in docs/screenshots."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from aad_assets.catalog import CATALOG
from aad_assets.catalog.enums import Group
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.browser import chromium
from aad_assets_tests.e2e.conftest import Place, make_place
from aad_assets_tests.e2e.webserver import ROOT, DagsterDev

FOLDER = os.environ.get("AAD_ASSETS_SCREENSHOTS")
"""Where pictures are kept, relative to the checkout. Without it, the tests put them into a temporary folder."""
PAGES = {
    "asset-graph",
    "group-run",
    "group-checks",
    "asset-page",
    "asset-changes",
    "blocked-load",
    "blocked-check",
    "launchpad",
}
GATE = "empty"
SLOW_MS = 1_000
"""Long enough to see a run before it ends."""
WAIT_SECONDS = 120


@pytest.fixture(scope="module")
def tenant() -> Iterator[DemoServer]:
    with DemoServer(users=300, no_quota=True) as server:
        yield server


@pytest.fixture(scope="module")
def place(tenant: DemoServer) -> Iterator[Place]:
    """Yield a place whose users changed in the second load, and whose groups were blocked. Its path appears in pictures."""
    with TemporaryDirectory(prefix="contoso-") as folder:
        place = make_place(Path(folder) / "place", tenant.environment(), captured=True)
        with (place.dagster_home / "dagster.yaml").open("a") as configuration:
            configuration.write("freshness:\n  enabled: true\n")
        load_twice(place, tenant)
        yield place


def load_twice(place: Place, tenant: DemoServer) -> None:
    parents = ("administrative_units", "applications", "service_principals", "group_members")
    everything = " or ".join(f'key:"aad/{table}"' for table in ("users", "groups", "organization", *parents))
    assert place.materialize(everything).returncode == 0
    tenant.set_day(1)
    tenant.faults([{"kind": "shrink", "path": "/groups", "share": 0.0}])
    assert place.materialize(everything).returncode == 1
    tenant.faults([{"kind": "latency", "path": "/roleManagement/directory/roleDefinitions", "ms": SLOW_MS}])


@pytest.fixture(scope="module")
def dev(place: Place) -> Iterator[DagsterDev]:
    with DagsterDev(place) as server:
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = ROOT / FOLDER if FOLDER else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save(page: Page, folder: Path, name: str) -> None:
    assert name in PAGES
    page.screenshot(path=folder / f"{name}.png")


def first_text(page: Page, text: str) -> Locator:
    return page.get_by_text(text, exact=False).first


def test_the_asset_graph(page: Page, folder: Path) -> None:
    page.goto("/asset-groups")
    for group in Group:
        if any(entity.group is group for entity in CATALOG.values()):
            expect(page.get_by_text(group.value, exact=True).first).to_be_visible()

    save(page, folder, "asset-graph")


def test_a_group_is_materialised_and_its_checks_are_green(page: Page, dev: DagsterDev, folder: Path) -> None:
    before = {run["id"] for run in dev.runs()}
    page.goto("/locations/aad_assets/asset-groups/access")
    page.get_by_role("button", name="Materialize all").click()
    deadline = time.monotonic() + WAIT_SECONDS
    while not (new := [run for run in dev.runs() if run["id"] not in before]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    page.goto(f"/runs/{new[0]['id']}")
    expect(first_text(page, "role_definitions: published")).to_be_visible(timeout=WAIT_SECONDS * 1000)
    expect(first_text(page, "Success")).to_be_visible(timeout=WAIT_SECONDS * 1000)
    save(page, folder, "group-run")

    page.goto("/locations/aad_assets/asset-groups/access")
    expect(first_text(page, "1 / 1 Passed")).to_be_visible()
    save(page, folder, "group-checks")


def test_an_asset_page_has_description_columns_rows_and_freshness(page: Page, place: Place, folder: Path) -> None:
    page.goto("/assets/aad/users")
    rows = place.query("SELECT count(*) FROM aad.users")[0][0]
    expect(page.get_by_text(f"{rows:,}", exact=True).first).to_be_visible()
    expect(first_text(page, CATALOG["users"].description.split("\n")[0][:40])).to_be_visible()
    expect(page.get_by_text(re.compile("^userPrincipalName$", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_text("Passing", exact=True).first).to_be_visible(timeout=WAIT_SECONDS * 1000)
    expect(first_text(page, "Fails if more than 2 days since last materialization")).to_be_visible()
    save(page, folder, "asset-page")


def test_the_events_of_an_asset_preview_its_changes(page: Page, folder: Path) -> None:
    page.goto("/assets/aad/users?view=events")
    expect(page.get_by_text("unchanged", exact=True).first).to_be_visible()
    expect(page.get_by_text("changes", exact=True).first).to_be_visible()
    save(page, folder, "asset-changes")


def test_the_page_of_a_blocked_asset_shows_gate_and_remedy(page: Page, folder: Path) -> None:
    page.goto("/assets/aad/groups?view=events")
    expect(first_text(page, "rows_stored")).to_be_visible()
    for text in (GATE, "allow", "reload"):
        expect(first_text(page, text)).to_be_visible()
    save(page, folder, "blocked-load")

    page.goto("/assets/aad/groups?view=checks")
    expect(first_text(page, "Failed")).to_be_visible()
    save(page, folder, "blocked-check")


def test_the_launchpad_describes_what_can_be_set(page: Page, folder: Path) -> None:
    page.goto("/locations/aad_assets/jobs/reload_directory/playground")
    page.get_by_text("log_days", exact=True).first.click()  # the fields around the cursor are explained
    expect(first_text(page, "UTC days")).to_be_visible()
    save(page, folder, "launchpad")


def test_the_docs_show_every_picture() -> None:
    shown = (ROOT / "docs" / "dagster-ui.md").read_text(encoding="utf-8")

    assert {path.stem for path in (ROOT / "docs" / "screenshots").glob("*.png")} == PAGES
    assert set(re.findall(r"\(screenshots/([a-z-]+)\.png\)", shown)) == PAGES
