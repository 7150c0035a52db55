"""AAD_CONNECTION_METADATA in Dagster: what is off has no asset, no request and no column."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.metadata import apply, parse
from aad_assets.orchestration import build_definitions
from aad_assets.reload import Outcome, Reload
from aad_assets.settings import Settings
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.e2e.truth import expected_rows


def keys(definitions: dg.Definitions) -> set[str]:
    return {key.path[-1] for key in definitions.get_repository_def().assets_defs_by_key}


def tables_off(text: str, folder: Path) -> set[str]:
    """Return the tables of the catalogue that have no asset with this metadata."""
    path = folder / "entra.yaml"
    path.write_text(text, encoding="utf-8")
    return set(CATALOG) - keys(build_definitions(environment={"AAD_CONNECTION_METADATA": str(path)}))


def test_entities_that_are_off_have_no_assets(tmp_path: Path) -> None:
    by_default = {table for table, entity in CATALOG.items() if not entity.on}
    assert tables_off("", tmp_path) == by_default
    assert tables_off("entities: {user_authentication_methods: on}", tmp_path) == by_default - {"user_authentication_methods"}
    off = {table for table, entity in CATALOG.items() if entity.group == "logs"}
    assert tables_off("entities: {" + ", ".join(f"{table}: off" for table in off) + "}", tmp_path) == off | by_default


@pytest.mark.parametrize("content", [None, "entities: {user: on}"], ids=["missing", "wrong"])
def test_an_unusable_file_fails_the_run_and_not_the_ui(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "entra.yaml"
    if content:
        path.write_text(content)
    definitions = build_definitions(environment={"AAD_CONNECTION_METADATA": str(path)})

    assert "users" in keys(definitions)
    with pytest.raises(dg.Failure, match=r"entra\.yaml cannot be (read|used)"):
        definitions.resolve_job_def("reload_directory").execute_in_process()


def test_only_what_is_on_is_read(shared_tenant: DemoServer, tmp_path: Path) -> None:
    database = str(tmp_path / "entra.duckdb")
    connection = Settings.from_environment(shared_tenant.environment() | {"AAD_QUOTA_SHARE": "50"}).connection
    tables = ("users", "user_authentication_methods", "role_definitions")
    badge, *others = sorted(
        each["name"] for each in shared_tenant.objects("extension_properties") if "User" in each["targetObjects"]
    )

    def reloaded(metadata: str) -> None:
        entities = [entity for entity in apply(parse(metadata)) if entity.on and entity.table in tables]
        reload = Reload(connection, Target(database, "aad"), entities)
        ended = {each.entity.table: each.load.status for each in reload.outcomes() if isinstance(each, Outcome)}
        assert ended == dict.fromkeys((entity.table for entity in entities), "published")

    def query(statement: str) -> list[tuple[object, ...]]:
        with duckdb.connect(database, read_only=True) as reading:
            return reading.execute(statement).fetchall()

    reloaded(
        f"""
        entities:
          users: {{columns: {{mobilePhone: off, {badge}: off, customSecurityAttributes: on}}}}
          role_definitions: {{columns: {{rolePermissions: off, description: off}}}}
          user_authentication_methods: on
        """
    )

    columns = {row[0] for row in query("DESCRIBE aad.users")}
    assert not {"mobilePhone", badge} & columns
    assert {"displayName", *others} <= columns
    assert query("SELECT count(*) FROM aad.users WHERE _extra IS NOT NULL") == [(0,)]
    chosen = sum(bool(user.get("customSecurityAttributes")) for user in shared_tenant.objects("users"))
    assert query("SELECT count(customSecurityAttributes) FROM aad.users") == [(chosen,)]
    assert chosen
    # Graph returns these properties because there is no $select, and they are dropped.
    assert not {"rolePermissions", "description"} & {row[0] for row in query("DESCRIBE aad.role_definitions")}
    assert query("SELECT count(*), count(_extra) FROM aad.role_definitions") == [
        (len(expected_rows(shared_tenant, CATALOG["role_definitions"])), 0)
    ]
    assert query("SELECT schema_changes FROM aad_meta.loads WHERE entity = 'role_definitions'") == [(None,)]
    methods = len(list(shared_tenant.objects("user_authentication_methods")))
    assert query("SELECT count(*) FROM aad.user_authentication_methods") == [(methods,)]
    assert methods

    reloaded("entities: {users: {columns: {displayName: off}}, role_definitions: off}")

    assert {"mobilePhone", badge} <= {row[0] for row in query("DESCRIBE aad.users")}
    assert "customSecurityAttributes" not in {row[0] for row in query("DESCRIBE aad.users")}
    # Values stored before the column was turned off remain only in the history.
    assert "displayName" not in {row[0] for row in query("DESCRIBE aad.users")}
    assert query("SELECT count(*) FROM aad_history.users WHERE displayName IS NULL") == [(0,)]
    loads = query("SELECT entity, count(*) FROM aad_meta.loads GROUP BY entity ORDER BY entity")
    assert loads == [("role_definitions", 1), ("user_authentication_methods", 1), ("users", 2)]
