"""A database that holds a person and a column in every place, and a search for what is left of them in its files."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.database.database_file import copy_for_serving
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.options import Options
from aad_assets_tests.warehouse.support import Lab

PERSON, OTHER = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
FIRST, NEW = "Anna.O'Neil@contoso.com", "anna.smith@contoso.com"
TITLE = "the title of"
"""Begins every value of users.jobTitle."""
TRACES = (PERSON, "o'neil", "o\\u0027neil", NEW, "Anna Smith")

ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"id": PERSON, "userPrincipalName": NEW, "mail": NEW, "displayName": "Anna Smith", "jobTitle": f"{TITLE} Anna"},
        {
            "id": OTHER,
            "userPrincipalName": "joan.smith@contoso.com",
            "displayName": "Joan",
            "jobTitle": f"{TITLE} Joan",
            "otherMails": [NEW, "j@x.example"],
        },
    ],
    "user_managers": [{"userId": OTHER, "id": PERSON, "@odata.type": "#microsoft.graph.user"}],
    "group_members": [
        {"groupId": "g1", "id": PERSON, "@odata.type": "#microsoft.graph.user"},
        {"groupId": "g1", "id": OTHER, "@odata.type": "#microsoft.graph.user"},
    ],
    "app_role_assignments": [
        {"id": "r1", "principalId": PERSON, "principalDisplayName": "Anna Smith"},
        {"id": "r2", "principalId": OTHER, "principalDisplayName": "Joan"},
    ],
    "conditional_access_policies": [
        {"id": "p1", "displayName": f"Except {NEW}", "conditions": {"users": {"excludeUsers": [PERSON, OTHER]}}}
    ],
    "sign_ins": [
        {"id": "s1", "userId": PERSON, "userDisplayName": "Anna Smith", "createdDateTime": "2026-01-01T10:00:00Z"},
        {"id": "s2", "userId": OTHER, "userDisplayName": "Joan", "createdDateTime": "2026-01-01T11:00:00Z"},
    ],
    "directory_audits": [
        {"id": "a1", "targetResources": [{"id": OTHER}, {"id": PERSON, "displayName": "Anna Smith"}]},
        {
            "id": "a2",
            "initiatedBy": {"user": {"id": OTHER}},
            "additionalDetails": [{"key": "k", "value": f"x {FIRST.lower()} y"}],
        },
        {"id": "a3", "initiatedBy": {"user": {"id": OTHER}}},
    ],
}


def as_json(rows: list[dict[str, Any]]) -> list[bytes]:
    """Return rows as Microsoft's services write them, which escape apostrophes."""
    return [json.dumps(row).replace("'", "\\u0027").encode() for row in rows]


def fill(lab: Lab, folder: Path) -> None:
    """Create a database in which the person has changed the name, with blocked loads and a serving copy."""
    target = Target(str(folder / "entra.duckdb"), "aad", lock_wait=0.0)
    anna, joan = ROWS["users"]
    before = anna | {"userPrincipalName": FIRST, "displayName": "Anna O'Neil", "jobTitle": f"{TITLE} Anna O'Neil"}
    lab.publish(target, as_json([before, joan]), CATALOG["users"])
    lab.publish(target, as_json(ROWS["app_role_assignments"][1:]), CATALOG["app_role_assignments"])
    for table, rows in ROWS.items():
        lab.publish(target, as_json(rows), CATALOG[table], number=1)
    garbled = f'{{"id": "{OTHER}", "jobTitle": "{TITLE} \\ud800"}}'.encode()
    lab.publish(target, [as_json([anna])[0], garbled], CATALOG["users"], number=2)
    for table, key in (("users", {}), ("group_members", {"groupId": "g1"})):
        many = [{"id": f"{number}", **key} for number in range(100)]
        lab.publish(target, as_json([*ROWS[table], *many]), CATALOG[table], number=3)
        with pytest.raises(LoadBlocked):
            lab.publish(target, as_json(ROWS[table]), CATALOG[table], number=4, options=Options())
    with lab.stage.cursor() as cursor:
        copy_for_serving(cursor, target, str(folder / "bi.duckdb"))


def leave_what_killed_runs_leave(folder: Path) -> None:
    """Put copies of the database where a killed reload, compaction and copy for serving leave them."""
    for name in (".entra.duckdb.staging/run-1", ".entra.duckdb.new", ".bi.duckdb.new"):
        (folder / name).mkdir(parents=True)
        shutil.copy(folder / "entra.duckdb", folder / name)


def traces(folder: Path, texts: tuple[str, ...] = TRACES) -> list[str]:
    """Return where in the files under `folder` a text occurs in any case."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.parent.name.startswith("staging")]
    return [
        f"{text} in {path.name}" for path in files for text in texts if text.lower().encode() in path.read_bytes().lower()
    ]
