"""Measure how long the code location takes to load, and how long the page of an asset takes to answer.

    python -m benchmarks.dagster_ui [--users 300]

Loads `users` and `groups` from a demo tenant twice, starts `dagster dev` on them, and opens pages of assets in Chromium. A
page counts as answered when it shows the description and the columns. Loading is compared with importing Dagster alone.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Page

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.browser import chromium
from aad_assets_tests.e2e.conftest import WARM, make_place
from aad_assets_tests.e2e.webserver import DagsterDev

LOADS = {
    "import dagster": "import dagster",
    "load the code location": "from aad_assets.definitions import defs; defs.get_repository_def()",
}
PAGES = ("users", "groups", "group_members", "sign_ins", "role_assignments")
REPEATS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(code: str) -> None:
    """Run Python code in a new process."""
    subprocess.run([sys.executable, "-c", code], check=True)


def open_page(page: Page, table: str) -> None:
    """Open the page of an asset, and wait until it shows the description and the columns."""
    page.goto(f"/assets/aad/{table}")
    page.get_by_text(CATALOG[table].description.split("\n")[0][:40], exact=False).first.wait_for()
    page.get_by_text("Columns", exact=True).first.wait_for()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=300)
    options = parser.parse_args(arguments)
    taken = {what: median(seconds(lambda code=code: run(code)) for _ in range(REPEATS)) for what, code in LOADS.items()}
    base = taken["import dagster"]
    for what, each in taken.items():
        print(f"{what:<40}{each:6.2f} s {each / base:6.2f} times the import of Dagster")
    with (
        tempfile.TemporaryDirectory() as folder,
        WARM,
        DemoServer(users=options.users, no_quota=True) as tenant,
    ):
        place = make_place(Path(folder) / "place", tenant.environment())
        for _ in range(2):
            result = place.materialize(" or ".join(f'key:"aad/{table}"' for table in ("users", "groups")))
            assert result.returncode == 0, result.stderr[-2000:]
        with DagsterDev(place) as dev, chromium() as browser:
            page = browser.new_page(base_url=dev.url)
            print(f"{'first page of the UI':<40}{seconds(lambda: open_page(page, PAGES[0])):6.2f} s")
            for table in PAGES:
                taken_by_page = median(seconds(lambda table=table: open_page(page, table)) for _ in range(REPEATS))
                print(f"{f'page of {table}':<40}{taken_by_page:6.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
