"""The public surface in Dagster: keys, groups, jobs, schedules and resources, with secrets hidden."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from aad_assets.catalog import ENTITIES, Entity, Group
from aad_assets.catalog.views import VIEWS
from aad_assets.errors import ConfigurationError
from aad_assets.orchestration import EntraResource, WarehouseResource, build_definitions
from aad_assets.orchestration.specs import asset_spec, tag_value
from aad_assets.settings import Connection, Settings

SECRETS: dict[str, Any] = {
    "client_secret": "s3cr3t~value",
    "client_certificate_password": "p4ssw0rd",
    "gateway_url": "http://u:gw-pass@proxy",
    "pseudonym_key": "k3y-of-the-pseudonyms",
}


def test_the_public_surface_is_as_released() -> None:
    definitions = build_definitions(environment={})
    repository = definitions.get_repository_def()

    expected = [entity.table for entity in ENTITIES if entity.on] + [view.name for view in VIEWS]
    assert {key.to_user_string() for key in repository.assets_defs_by_key} == {f"aad/{name}" for name in expected}
    assert {spec.group_name for spec in definitions.resolve_all_asset_specs()} == {group.value for group in Group}
    jobs = {job.name: job for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert set(jobs) == {"reload_directory", "reload_logs", "prune"}
    logs = {f"aad/{entity.table}" for entity in ENTITIES if entity.group is Group.LOGS and entity.on}
    logs |= {f"aad/{view.name}" for view in VIEWS if view.group is Group.LOGS}
    assert {key.to_user_string() for key in jobs["reload_logs"].asset_layer.selected_asset_keys} == logs
    directory = {key.to_user_string() for key in jobs["reload_directory"].asset_layer.selected_asset_keys}
    assert directory == {f"aad/{name}" for name in expected} - logs
    assert [(s.name, s.cron_schedule, s.execution_timezone) for s in repository.schedule_defs] == [
        ("reload_directory_schedule", "0 2 * * *", "UTC"),
        ("reload_logs_schedule", "30 3/4 * * *", "UTC"),
    ]
    assert set(repository.get_top_level_resources()) == {"entra", "warehouse"}


def test_definitions_load_in_an_empty_environment() -> None:
    code = (
        "import aad_assets.definitions as d; from dagster import in_process_executor; "
        "assert d.defs.executor is in_process_executor; d.defs.get_repository_def(); print('loaded')"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], env={}, capture_output=True, text=True, check=False)

    assert result.stdout == "loaded\n", result.stderr


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_an_asset_describes_its_entity(entity: Entity) -> None:
    spec = asset_spec("aad", entity, owners=["team:identity"])
    schema = spec.metadata["dagster/column_schema"]

    assert spec.skippable
    assert spec.description
    assert all(permission in spec.description for permission in entity.permissions)
    assert spec.kinds == {"duckdb", "azure"}
    assert spec.owners == ["team:identity"]
    assert spec.metadata["dagster/table_name"] == f"aad.{entity.table}"
    assert spec.metadata["graph"].value == entity.documentation_url
    assert [column.name for column in schema.columns] == [
        *(column.name for column in entity.columns),
        "_extra",
        "_tenant_id",
        "_loaded_at",
    ]
    assert {dep.asset_key.path[-1] for dep in spec.deps} == ({entity.parent} if entity.parent else set())


def test_a_second_connection_has_prefixed_names() -> None:
    other = build_definitions(Settings(connection_name="contoso", database="/data/tenants.duckdb"), environment={})
    merged = dg.Definitions.merge(build_definitions(environment={}), other)
    repository = merged.get_repository_def()

    assert {key.path[0] for key in repository.assets_defs_by_key} == {"aad", "contoso"}
    schedules = {"reload_directory_schedule", "reload_logs_schedule"}
    assert {s.name for s in repository.schedule_defs} == schedules | {f"contoso_{name}" for name in schedules}
    assert {"entra", "warehouse", "contoso_entra", "contoso_warehouse"} <= set(repository.get_top_level_resources())


def test_only_variables_that_are_set_are_bound_and_secrets_only_by_name() -> None:
    environment = {"AAD_TENANT_ID": "contoso.example", "AAD_CLIENT_SECRET": SECRETS["client_secret"], "AAD_CLIENT_ID": ""}
    definitions = build_definitions(environment=environment)
    entra = (definitions.resources or {})["entra"]

    bound = entra.get_resource_definition().config_schema.default_value
    assert bound["client_secret"] == {"env": "AAD_CLIENT_SECRET"}
    assert bound["tenant_id"] == {"env": "AAD_TENANT_ID"}
    assert not bound.get("client_id")
    assert SECRETS["client_secret"] not in json.dumps(bound) + repr(entra) + str(entra)


def test_a_connection_set_in_code_is_used_even_if_the_environment_describes_another() -> None:
    connection = Connection(
        tenant_id="fabrikam.example",
        client_id="app",
        client_secret=SECRETS["client_secret"],
        auth="client_secret",
        graph_base_url="https://graph.example/v1.0",
        ca_bundle="/ca.pem",
        quota_share=0.5,
    )
    environment = {"AAD_TENANT_ID": "contoso.example", "AAD_CLIENT_CERTIFICATE_PATH": "/c.pem", "AAD_DATABASE": "md:contoso"}
    settings = Settings(connection=connection, connection_name="fabrikam", database="md:fabrikam")
    resources = build_definitions(settings, environment=environment).resources or {}

    assert resources["fabrikam_entra"].connection() == connection
    assert SECRETS["client_secret"] not in repr(resources["fabrikam_entra"])
    assert resources["fabrikam_warehouse"].database == "md:fabrikam"


def test_settings_in_code_have_the_same_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"AAD_TENANT_ID": "contoso.example"}
    resources = build_definitions(Settings(connection_name="contoso"), environment=environment).resources or {}

    assert resources["contoso_warehouse"].checked_database("contoso") == str(tmp_path / "entra.duckdb")
    bound = resources["contoso_entra"].get_resource_definition().config_schema.default_value
    assert bound["tenant_id"] == {"env": "AAD_TENANT_ID"}
    with pytest.raises(ConfigurationError, match="AAD_CONNECTION_NAME"):
        build_definitions(Settings(connection_name="Contoso-1"), environment={})


def test_secrets_are_marked_and_missing_from_reprs() -> None:
    entra = EntraResource(tenant_id="contoso.example", **SECRETS)
    schema = EntraResource.to_config_schema().as_field().config_type.fields  # type: ignore[attr-defined]

    assert {name for name, field in schema.items() if field.is_secret} == set(SECRETS)
    for shown in (repr(entra), str(entra), repr(entra.connection()), str(entra.connection())):
        assert not [secret for secret in SECRETS.values() if secret in shown]
    assert entra.connection().client_secret == SECRETS["client_secret"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_the_wrong_type_is_not_quoted(name: str) -> None:
    with pytest.raises(ValidationError, match=name) as caught:
        EntraResource.model_validate({name: [SECRETS[name]]})
    assert SECRETS[name] not in str(caught.value)


def test_every_field_of_a_resource_has_a_default_and_a_description() -> None:
    for resource in (EntraResource, WarehouseResource):
        for name, field in resource.model_fields.items():
            assert not field.is_required(), name
            assert field.description, name


def test_resource_fields_are_those_of_the_connection() -> None:
    assert EntraResource().connection() == Connection()


def test_a_database_named_like_a_schema_is_rejected() -> None:
    with pytest.raises(ConfigurationError, match=r"AAD_DATABASE.*AAD_CONNECTION_NAME"):
        WarehouseResource(database="/data/contoso_meta.duckdb").checked_database("contoso")


def test_another_attach_target_is_bound_by_its_variable() -> None:
    target = "ducklake:postgres:dbname=lake password=hush"
    definitions = build_definitions(environment={"AAD_DATABASE": target})

    assert "hush" not in repr((definitions.resources or {})["warehouse"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AAD_SCHEDULE_CRON", "every day"),
        ("AAD_SCHEDULE_TIMEZONE", "Mars/Olympus"),
        ("AAD_QUOTA_SHARE", "half"),
        ("AAD_CONNECTION_NAME", "Not A Name"),
        ("AAD_DATABASE", "aad.duckdb"),
        ("AAD_CONNECTION_METADATA", "x.yaml"),
        ("AAD_MEMORY_LIMIT", "lots"),
        ("AAD_KEEP_HISTORY", "ever"),
        ("AAD_LOCK_WAIT", "inf"),
    ],
)
def test_an_unreadable_setting_fails_the_run_and_not_the_ui(name: str, value: str) -> None:
    definitions = build_definitions(environment={name: value})

    with pytest.raises(dg.Failure, match=name):
        definitions.resolve_job_def("reload_directory").execute_in_process()


def test_a_run_reports_everything_that_is_wrong_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"AAD_QUOTA_SHARE": "half", "AAD_CLOUD": "mars", "AAD_SCHEDULE_CRON": "often", "AAD_CLIENT_SECRT": "x"}
    monkeypatch.setenv("AAD_CLOUD", "mars")
    definitions = build_definitions(environment=environment)

    with pytest.raises(dg.Failure) as caught:
        definitions.resolve_job_def("reload_directory").execute_in_process()
    message = str(caught.value.description)
    assert [name for name in (*environment, "Set AAD_TENANT_ID to") if message.count(name) != 1] == []


def test_a_wrong_setting_leaves_the_names_of_the_connection_as_they_are() -> None:
    definitions = build_definitions(environment={"AAD_CONNECTION_NAME": "prod", "AAD_QUOTA_SHARE": "half"})

    assert {key.path[0] for key in definitions.get_repository_def().assets_defs_by_key} == {"prod"}


def test_an_unknown_variable_is_a_warning_when_definitions_load_and_when_a_run_starts(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "AAD_MEMORY_LIMITS is not a setting and has no effect. Did you mean AAD_MEMORY_LIMIT?"
    definitions = build_definitions(environment={"AAD_MEMORY_LIMITS": "2GB"})
    assert text in caplog.text

    with pytest.raises(dg.Failure, match="Set AAD_TENANT_ID to"):
        definitions.resolve_job_def("reload_directory").execute_in_process()
    assert f"WARNING - reload_directory - {{}} - reload - {text}".split("{}")[1] in capfd.readouterr().err


def test_settings_reach_the_resources_as_numbers_and_text() -> None:
    environment = {
        "AAD_REQUEST_TIMEOUT": "20",
        "AAD_ENTITY_DEADLINE": "60.5",
        "AAD_QUOTA_SHARE": "0.5",
        "AAD_LOG_DAYS": "3",
        "AAD_MEMORY_LIMIT": "1GB",
        "AAD_LOCK_WAIT": "2.5",
        "AAD_KEEP_HISTORY": "400d",
        "AAD_KEEP_CHANGES": "52w",
    }
    resources = build_definitions(environment=environment).resources or {}
    connection, warehouse = resources["entra"].connection(), resources["warehouse"]

    assert (connection.request_timeout, connection.entity_deadline) == (20.0, 60.5)
    assert (connection.quota_share, connection.log_days) == (0.5, 3)
    assert (warehouse.memory_limit, warehouse.lock_wait) == ("1GB", 2.5)
    assert (warehouse.keep_history, warehouse.keep_changes) == ("400d", "52w")


@pytest.mark.parametrize("name", ["AAD_KEEP_HISTORY", "AAD_KEEP_CHANGES"])
def test_a_schedule_prunes_only_if_something_may_be_deleted(name: str) -> None:
    environment = {name: "400d", "AAD_SCHEDULE_TIMEZONE": "Europe/Berlin", "AAD_CONNECTION_NAME": "prod"}
    prune, *_ = build_definitions(environment=environment).get_repository_def().schedule_defs

    assert (prune.name, prune.job_name, prune.execution_timezone) == ("prod_prune_schedule", "prod_prune", "Europe/Berlin")


def test_the_azure_variables_of_a_federated_workload_are_values_of_the_resource() -> None:
    environment = {
        "AZURE_TENANT_ID": "contoso.example",
        "AZURE_CLIENT_ID": "app",
        "AZURE_FEDERATED_TOKEN_FILE": "/run/token",
        "AZURE_AUTHORITY_HOST": "https://login.partner.microsoftonline.cn/",
    }
    entra = (build_definitions(environment=environment).resources or {})["entra"]

    assert entra.connection() == Connection(
        tenant_id="contoso.example", client_id="app", federated_token_file="/run/token", cloud="china"
    )


def test_line_breaks_around_mounted_secrets_are_stripped() -> None:
    assert EntraResource(tenant_id="contoso.example\n", client_secret=" value\n").connection() == Connection(
        tenant_id="contoso.example", client_secret="value"
    )


def test_dagster_accepts_the_tag_values() -> None:
    assert tag_value("AuditLog.Read.All + User.Read.All") == "AuditLog.Read.All___User.Read.All"
    assert len(tag_value("x" * 80)) == 63


def test_no_asset_depends_on_a_table_that_is_off(tmp_path: Path) -> None:
    file = tmp_path / "metadata.yaml"
    file.write_text("entities: {users: off, subscribed_skus: off}", encoding="utf-8")
    definitions = build_definitions(environment={"AAD_CONNECTION_METADATA": str(file)})
    specs = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs()}
    dependencies = {dep.asset_key.path[-1] for spec in specs.values() for dep in spec.deps}

    assert dependencies <= set(specs)
    assert "users" not in specs
    assert "user_licenses" not in specs, "its table is off"
    assert "app_role_definitions" in specs
