"""`aad-assets check`: sign in, try every entity with one small request, and list the permissions to grant."""

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from aad_assets.catalog.access import permissions_to_grant, required_permissions
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import configured_entities, read_settings
from aad_assets.commands.probing import FAILURES, SKIPPED, describe_finding, probe
from aad_assets.graph.probing.findings import Finding, Report, Status
from aad_assets.settings import Connection
from aad_assets.untrusted import printable_json
from aad_assets.wording import counted


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    check = subparsers.add_parser(
        "check",
        help="try sign-in and every entity, and list the permissions to grant",
        description="Sign in and try every entity with one small request. The exit code is 1 if an entity that is on cannot "
        "be read.",
    )
    check.add_argument("--all", action="store_true", help="also try the entities that are off")
    check.add_argument("--permissions", action="store_true", help="only print the permissions to grant, without any request")
    check.add_argument("--json", action="store_true", help="print JSON; docs/check.md describes the fields")
    check.set_defaults(function=_check)


def _check(options: argparse.Namespace) -> int:
    settings = read_settings()
    entities = [entity for entity in configured_entities(settings) if entity.on or options.all]
    if options.permissions:
        print("\n".join(permissions_to_grant(entities, delegated=_is_delegated(settings.connection))))
        return 0
    report = probe(settings.connection, entities)
    if options.json:
        print(printable_json(json.dumps(as_json(settings.connection, report), indent=2, ensure_ascii=False)))
    else:
        _print(settings.connection, report)
    return int(not readable(report.findings))


def readable(findings: Iterable[Finding]) -> bool:
    """Return whether a reload would read every entity that is on, except those that it skips."""
    return not any(finding.entity.on and finding.status in FAILURES for finding in findings)


def missing_permissions(findings: Iterable[Finding]) -> list[str]:
    """Return the permissions that the token lacks, with those of single columns."""
    columns = [names[0] for finding in findings for names in finding.empty_columns.values()]
    return sorted({*columns, *(name for finding in findings for name in finding.missing)})


def admin_consent_url(connection: Connection) -> str | None:
    """Return the address at which an administrator consents to the app's permissions; None for a managed identity."""
    if connection.auth_method == "managed_identity":
        return None
    return f"{connection.authority}/adminconsent?client_id={quote(connection.client_id, safe='')}"


def as_json(connection: Connection, report: Report) -> dict[str, Any]:
    """Return the report for machines. The names are stable."""
    entities = [finding.entity for finding in report.findings]
    return {
        "tenant_id": report.tenant_id,
        "client_id": connection.client_id,
        "graph_base_url": connection.base_url,
        "readable": readable(report.findings),
        "entities": [_finding_as_json(finding) for finding in report.findings],
        "permissions": permissions_to_grant(entities, delegated=_is_delegated(connection)),
        "missing_permissions": missing_permissions(report.findings),
        "admin_consent_url": admin_consent_url(connection),
    }


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    response = finding.response
    return {
        "entity": finding.entity.table,
        "on": finding.entity.on,
        "status": finding.status.value,
        "permissions": list(required_permissions(finding.entity)),
        "missing_permissions": list(finding.missing),
        "licence": finding.entity.licence,
        "refused_columns": list(finding.rejected),
        "empty_columns": {column: list(names) for column, names in finding.empty_columns.items()},
        "note": finding.note,
        "http_status": response.status if response else None,
        "code": response.code if response else None,
        "message": response.message if response else None,
        "request_id": response.request_id if response else None,
    }


def _print(connection: Connection, report: Report) -> None:
    findings = report.findings
    print(f"Signed in to tenant {report.tenant_id} as {_describe_account(connection)}, reading {connection.base_url}\n")
    width = max(len(finding.entity.table) for finding in findings) + 2
    for finding in findings:
        off = "" if finding.entity.on else "off; "
        print(f"{finding.entity.table:<{width}}{off}{describe_finding(finding)}")
    skipped = sum(finding.status in SKIPPED for finding in findings)
    good = sum(finding.status is Status.READABLE for finding in findings)
    entities = f"{good} of {counted(len(findings), 'entity')}"
    print(f"\nReadable: {entities}. Skipped: {skipped}. Failed: {len(findings) - good - skipped}.")
    permissions = permissions_to_grant((finding.entity for finding in findings), delegated=_is_delegated(connection))
    missing = missing_permissions(findings)
    kind = "Delegated" if _is_delegated(connection) else "Application"
    print(f"\n{kind} permissions to grant ({len(permissions)}):{_as_list(permissions)}")
    print(f"\nMissing permissions ({len(missing)}):{_as_list(missing)}" if missing else "\nNo permission is missing.")
    # A probe tries only one parent, which may not hide its members.
    hiding = [finding.entity.parent or "" for finding in findings if finding.entity.may_hide_members]
    if hiding and HIDDEN_MEMBERS not in (report.granted or ()):
        print(f"If {' or '.join(hiding)} hide their members, grant {HIDDEN_MEMBERS} as well.")
    if url := admin_consent_url(connection):
        print("\nAdd them to the app registration under API permissions. Then an administrator consents at")
        print(url)
    else:
        print("\nAssign them to the managed identity with docs/register-app.sh managed-identity OBJECT_ID.")


def _is_delegated(connection: Connection) -> bool:
    return connection.auth_method == "delegated"


def _describe_account(connection: Connection) -> str:
    match connection.auth_method:
        case "managed_identity":
            return f"managed identity ({connection.managed_identity})"
        case "delegated":
            return f"a person, through application {connection.client_id}"
    return f"application {connection.client_id}"


def _as_list(names: Sequence[str]) -> str:
    return "".join(f"\n  {name}" for name in names)
