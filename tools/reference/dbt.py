"""The sources of the dbt package: every table and view with columns, keys and tests, and the loads for their freshness."""

from typing import Any

import yaml

from aad_assets.catalog.columns import OUR_MEANINGS
from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.personal_data import PersonalData, personal_data
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS

PAGE = "integrations/dbt/models/sources.yml"
_HEAD = "# Generated from the catalogue: `make reference` writes it. docs/dbt.md says how to use it.\n"
_OURS = ("_tenant_id", "_loaded_at", "_extra")


def sources() -> str:
    """Return the content of the file."""
    database = "{{ var('aad_database', 'entra') }}"
    tables = {
        "name": "aad",
        "description": "A Microsoft Entra ID tenant, as it was at the last reload.",
        "database": database,
        "schema": "{{ var('aad_schema', 'aad') }}",
        "tables": [*map(_table, ENTITIES), *map(_view, VIEWS)],
    }
    meta = {
        "name": "aad_meta",
        "description": "The bookkeeping of reloads.",
        "database": database,
        "schema": "{{ var('aad_schema', 'aad') }}_meta",
        "tables": [
            {
                "name": "loads",
                "description": "One row per load of a table. Its freshness is that of all tables.",
                "config": {
                    "loaded_at_field": "published_at",
                    "freshness": {
                        "warn_after": {"count": 26, "period": "hour"},
                        "error_after": {"count": 50, "period": "hour"},
                    },
                },
                "columns": [_column("load_id", "The load.", PersonalData.NONE, key=True)],
            },
            {"name": "changes", "description": "One row per changed attribute, and per inserted or deleted row."},
            {"name": "runs", "description": "One row per run: when it began and ended, and how its tables ended."},
        ],
    }
    text: str = yaml.safe_dump({"version": 2, "sources": [tables, meta]}, sort_keys=False, allow_unicode=True, width=120)
    return _HEAD + text


def _table(entity: Entity) -> dict[str, Any]:
    usual = entity.on and entity.app_only
    listed = f"'{entity.table}' {'not in' if usual else 'in'} var('{'aad_without' if usual else 'aad_with'}', [])"
    single = len(entity.key) == 1
    columns = [
        _column(
            column.name,
            column.meaning,
            personal_data(entity.table, column.name),
            key=column.name in entity.key,
            unique=single,
        )
        for column in entity.columns
    ]
    columns += [_column(name, OUR_MEANINGS[name], personal_data(entity.table, name)) for name in _OURS]
    found: dict[str, Any] = {
        "name": entity.table,
        "description": entity.description,
        "config": {"enabled": f"{{{{ ({listed}) | as_bool }}}}", "tags": [entity.group.value]},
        "columns": columns,
    }
    if not single:
        found["data_tests"] = [{"unique_key": {"arguments": {"columns": list(entity.key)}}}]
    return found


def _view(view: View) -> dict[str, Any]:
    missing = " or ".join(f"'{name}' in var('aad_without', [])" for name in [view.name, *view.tables])
    return {
        "name": view.name,
        "description": view.description,
        "config": {"enabled": f"{{{{ (not ({missing})) | as_bool }}}}", "tags": [view.group.value]},
        "columns": [_column(each.name, each.meaning, personal_data(view.name, each.name)) for each in view.columns],
    }


def _column(name: str, meaning: str, class_: PersonalData, *, key: bool = False, unique: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "description": meaning, "config": {"meta": {"personal_data": class_.value}}}
    if key:
        found["data_tests"] = ["not_null", *(["unique"] if unique else [])]
    return found
