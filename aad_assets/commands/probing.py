"""Shared by `check` and `metadata check`: a probe of the tenant with progress on stderr, and findings as text."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress

from aad_assets.catalog import Entity
from aad_assets.graph.probing.findings import Finding, Report, Status
from aad_assets.graph.probing.tenant import probe_tenant
from aad_assets.settings import Connection

_PROGRESS_SECONDS = 5.0
"""Time between two lines of progress. A faster probe shows none."""

SKIPPED = frozenset({Status.LICENCE, Status.PERSON, Status.NOT_AVAILABLE})
"""Statuses with which a reload skips the entity."""

FAILURES = frozenset(Status) - SKIPPED - {Status.READABLE}
"""Statuses with which a reload fails."""


def probe(connection: Connection, entities: Sequence[Entity], *, sample: bool = False) -> Report:
    """Run `aad_assets.graph.probing.tenant.probe_tenant`, which see, and print progress."""
    return asyncio.run(_probe(connection, entities, sample))


async def _probe(connection: Connection, entities: Sequence[Entity], sample: bool) -> Report:
    done: list[Finding] = []

    async def print_progress() -> None:
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            print(f"  tried {len(done)} of {len(entities)} entities …", file=sys.stderr, flush=True)

    progress = asyncio.create_task(print_progress())
    try:
        return await probe_tenant(connection, entities, sample=sample, on_finding=done.append)
    finally:
        progress.cancel()
        with suppress(asyncio.CancelledError):
            await progress


def describe_finding(finding: Finding) -> str:
    """Return a finding in one line, such as `permission missing: Group.Read.All`."""
    response = " ".join(str(finding.response or "").split())
    match finding.status:
        case Status.READABLE:
            empty = [f"{column} without {' or '.join(names)}" for column, names in finding.empty_columns.items()]
            text = f"readable, but these columns stay empty: {', '.join(empty)}" if empty else "readable"
        case Status.PERMISSION:
            text = f"permission missing: {', '.join(finding.missing)}"
        case Status.REFUSED:
            text = f"permissions granted, but rejected: {response}"
        case Status.ROLE:
            text = f"directory role missing: {finding.entity.person_role} ({response})"
        case Status.PERSON:
            text = "needs a signed-in person (AAD_AUTH=delegated)"
        case Status.NOT_AVAILABLE:
            text = f"not available in this tenant or cloud: {response}"
        case Status.LICENCE:
            text = f"licence missing: {finding.entity.licence or response}"
        case Status.CLOUD:
            text = f"not in this cloud: {response}"
        case Status.ERROR:
            text = f"error: {response or finding.note}"
    note = f" ({finding.note})" if finding.note and finding.note not in text else ""
    return text + note
