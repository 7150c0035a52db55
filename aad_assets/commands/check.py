"""`aad-assets check`: sign in, try every entity with one small request, say what to grant.

Not here: the requests (`aad_assets.graph.probing`).
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import configured, settings
from aad_assets.commands.probing import FAILURES, in_words, probe
from aad_assets.graph.probing.findings import Finding, Report, Status
from aad_assets.settings import Connection


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    check = subparsers.add_parser(
        "check",
        help="try sign-in and every entity, and say which permissions to grant",
        description="Try sign-in and one small request per entity. Exit code 1 when an entity that is on cannot be read.",
    )
    check.add_argument("--all", action="store_true", help="try entities that are off as well")
    check.add_argument(
        "--permissions", action="store_true", help="only print the permissions to grant; ask the tenant nothing"
    )
    check.add_argument("--json", action="store_true", help="for machines; docs/check.md explains the fields")
    check.set_defaults(function=_check)


def _check(options: argparse.Namespace) -> int:
    chosen = settings()
    entities = [entity for entity in configured(chosen) if entity.on or options.all]
    if options.permissions:
        print("\n".join(needed_permissions(entities)))
        return 0
    report = probe(chosen.connection, entities)
    if options.json:
        print(json.dumps(as_json(chosen.connection, report), indent=2, ensure_ascii=False))
    else:
        _print(chosen.connection, report)
    return int(not readable(report.findings))


def readable(findings: Iterable[Finding]) -> bool:
    """Whether a reload would read all that is on, but for what the tenant has no licence for."""
    return not any(finding.entity.on and finding.status in FAILURES for finding in findings)


def needed_permissions(entities: Iterable[Entity]) -> list[str]:
    """What to grant for `entities`."""
    return sorted({name for entity in entities for name in entity.permissions})


def missing_permissions(findings: Iterable[Finding]) -> list[str]:
    """What Graph asked for and the token lacks."""
    return sorted({name for finding in findings for name in finding.missing})


def admin_consent_url(connection: Connection) -> str | None:
    """Where an administrator consents to what was added to the app registration; a managed identity has none."""
    if connection.auth_method == "managed_identity":
        return None
    return f"{connection.authority}/adminconsent?client_id={quote(connection.client_id, safe='')}"


def as_json(connection: Connection, report: Report) -> dict[str, Any]:
    """The report for machines: names that stay."""
    return {
        "tenant_id": report.tenant_id,
        "client_id": connection.client_id,
        "graph_base_url": connection.base_url,
        "readable": readable(report.findings),
        "entities": [_finding_as_json(finding) for finding in report.findings],
        "permissions": needed_permissions(finding.entity for finding in report.findings),
        "missing_permissions": missing_permissions(report.findings),
        "admin_consent_url": admin_consent_url(connection),
    }


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    answer = finding.response
    return {
        "entity": finding.entity.table,
        "on": finding.entity.on,
        "status": finding.status.value,
        "permissions": list(finding.entity.permissions),
        "missing_permissions": list(finding.missing),
        "licence": finding.entity.licence,
        "refused_columns": list(finding.rejected),
        "note": finding.note,
        "http_status": answer.status if answer else None,
        "code": answer.code if answer else None,
        "message": answer.message if answer else None,
        "request_id": answer.request_id if answer else None,
    }


def _print(connection: Connection, report: Report) -> None:
    findings = report.findings
    print(f"Signed in to tenant {report.tenant_id} as {_who(connection)}, reading {connection.base_url}\n")
    width = max(len(finding.entity.table) for finding in findings) + 2
    for finding in findings:
        off = "" if finding.entity.on else "off; "
        print(f"{finding.entity.table:<{width}}{off}{in_words(finding)}")
    unlicensed = sum(finding.status is Status.LICENCE for finding in findings)
    good = sum(finding.status is Status.READABLE for finding in findings)
    failed = len(findings) - good - unlicensed
    print(f"\n{good} of {len(findings)} entities are readable, {unlicensed} need a licence and are skipped, {failed} fail.")
    permissions = needed_permissions(finding.entity for finding in findings)
    missing = missing_permissions(findings)
    kind = "Delegated" if connection.auth_method == "delegated" else "Application"
    print(f"\n{kind} permissions to grant, {len(permissions)}:{_listed(permissions)}")
    print(f"\nMissing, {len(missing)}:{_listed(missing)}" if missing else "\nNone of them is missing.")
    # No probe of one parent can tell.
    hiding = [finding.entity.parent or "" for finding in findings if finding.entity.may_hide_members]
    if hiding and HIDDEN_MEMBERS not in (report.granted or ()):
        print(f"{HIDDEN_MEMBERS} as well, where {' or '.join(hiding)} hide their members.")
    if url := admin_consent_url(connection):
        print("\nThey are added to the app registration under API permissions; then an administrator consents at")
        print(url)
    else:
        print("\nThey are assigned to the managed identity by docs/register-app.sh managed-identity OBJECT_ID.")


def _who(connection: Connection) -> str:
    match connection.auth_method:
        case "managed_identity":
            return f"managed identity ({connection.managed_identity})"
        case "delegated":
            return f"a person, by application {connection.client_id}"
    return f"application {connection.client_id}"


def _listed(names: Sequence[str]) -> str:
    return "".join(f"\n  {name}" for name in names)
