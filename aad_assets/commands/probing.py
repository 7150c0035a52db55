"""What `check` and `metadata check` share: a probe of the tenant with progress on stderr, and its findings in words."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress

from aad_assets.catalog import Entity
from aad_assets.graph.probing.findings import Finding, Report, Status
from aad_assets.graph.probing.tenant import probe_tenant
from aad_assets.settings import Connection

_TELL = 5.0
"""Seconds between two lines of progress; a probe that is faster shows none."""

FAILURES = frozenset({Status.PERMISSION, Status.REFUSED, Status.CLOUD, Status.ERROR})
"""With these a reload fails. A licence that is missing is none: the entity is skipped."""


def probe(connection: Connection, entities: Sequence[Entity], *, sample: bool = False) -> Report:
    """See `aad_assets.graph.probing.tenant.probe_tenant`."""
    return asyncio.run(_probe(connection, entities, sample))


async def _probe(connection: Connection, entities: Sequence[Entity], sample: bool) -> Report:
    done: list[Finding] = []

    async def tell() -> None:
        while True:
            await asyncio.sleep(_TELL)
            print(f"  {len(done)} of {len(entities)} entities tried …", file=sys.stderr, flush=True)

    telling = asyncio.create_task(tell())
    try:
        return await probe_tenant(connection, entities, sample=sample, on_finding=done.append)
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


def in_words(finding: Finding) -> str:
    """`permission missing: Group.Read.All`, in one line."""
    answer = " ".join(str(finding.response or "").split())
    match finding.status:
        case Status.READABLE:
            text = "readable"
        case Status.PERMISSION:
            text = f"permission missing: {', '.join(finding.missing)}"
        case Status.REFUSED:
            text = f"granted, but refused: {answer}"
        case Status.LICENCE:
            text = f"licence missing: {finding.entity.licence or answer}"
        case Status.CLOUD:
            text = f"not in this cloud: {answer}"
        case Status.ERROR:
            text = f"error: {answer or finding.note}"
    note = f" ({finding.note})" if finding.note and finding.note not in text else ""
    return text + note
