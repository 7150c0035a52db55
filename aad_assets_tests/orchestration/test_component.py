"""The component: attributes as values or variables, secrets by name only, and the file that its scaffolder writes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox
from jsonschema import Draft202012Validator

from aad_assets import AadAssetsComponent
from aad_assets.errors import ConfigurationError
from aad_assets.orchestration.attributes import FIELDS, is_secret
from aad_assets.settings import Settings

pytestmark = [  # Dagster's own code raises these.
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore::dagster.PreviewWarning"),
]
SECRET = "s3cr3t-of-contoso"
SECRETS = [name for name in FIELDS if is_secret(name)]
DOMAIN = "contoso.example"


@pytest.fixture
def sandbox() -> Iterator[Any]:
    """Yield a project with an empty defs folder."""
    with create_defs_folder_sandbox() as sandbox:
        yield sandbox


def load(sandbox: Any, folder: str = "contoso", **attributes: Any) -> dg.Definitions:
    """Return the definitions of the component with `attributes` in a `defs.yaml`."""
    contents = {"type": "aad_assets.AadAssetsComponent", "attributes": attributes}
    path = sandbox.scaffold_component(AadAssetsComponent, defs_path=folder, defs_yaml_contents=contents)
    with sandbox.load_component_and_build_defs(path) as (_, definitions):
        found: dg.Definitions = definitions
        return found


def bound(definitions: dg.Definitions, resource: str) -> dict[str, Any]:
    """Return the config of a resource, as Dagster stores it."""
    default: dict[str, Any] = (definitions.resources or {})[resource].get_resource_definition().config_schema.default_value
    return default


def problem(definitions: dg.Definitions, job: str = "contoso_reload_directory") -> str:
    """Return the failure of a run."""
    with pytest.raises(dg.Failure) as caught:
        definitions.resolve_job_def(job).execute_in_process()
    return str(caught.value.description)


def accepted(**attributes: Any) -> bool:
    """Return whether the schema of `dg check yaml` accepts the attributes."""
    return bool(Draft202012Validator(AadAssetsComponent.model().model_json_schema()).is_valid(attributes))


def test_text_is_bound_by_variable_and_everything_else_is_read_at_load(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"SHARE": "0.5", "CRON": "5 3 * * *", "OWN": "team:identity,ada@contoso.com", "NAME": "contoso"}
    for name, value in (environment | {"CONTOSO_SECRET": SECRET, "CONTOSO_TENANT": DOMAIN}).items():
        monkeypatch.setenv(name, value)
    definitions = load(
        sandbox,
        connection_name={"env": "NAME"},
        tenant_id={"env": "CONTOSO_TENANT"},
        client_id="{{ env.CONTOSO_TENANT }}",
        client_secret={"env": "CONTOSO_SECRET"},
        quota_share={"env": "SHARE"},
        log_days=3,
        schedule_cron={"env": "CRON"},
        owners={"env": "OWN"},
    )

    entra = bound(definitions, "contoso_entra")
    assert entra["tenant_id"] == {"env": "CONTOSO_TENANT"}
    assert entra["client_secret"] == {"env": "CONTOSO_SECRET"}
    assert (entra["client_id"], entra["quota_share"], entra["log_days"]) == (DOMAIN, 0.5, 3)
    assert SECRET not in json.dumps(entra)
    assert {tuple(spec.owners) for spec in definitions.resolve_all_asset_specs()} == {("team:identity", "ada@contoso.com")}
    crons = {schedule.name: getattr(schedule, "cron_schedule", "") for schedule in definitions.schedules or []}
    assert crons["contoso_reload_directory_schedule"] == "5 3 * * *"


def test_paths_start_at_the_project_and_that_of_the_metadata_beside_the_file(sandbox: Any) -> None:
    folder = sandbox.defs_folder_path / "contoso"
    folder.mkdir(parents=True)
    (folder / "entities.yaml").write_text("entities: {users: off}", encoding="utf-8")
    attributes = {"database": "data/tenants.duckdb", "serving_copy": "/srv/copy.duckdb", "ca_bundle": "ca.pem"}
    definitions = load(sandbox, connection_name="contoso", connection_metadata="entities.yaml", **attributes)

    warehouse = bound(definitions, "contoso_warehouse")
    assert warehouse["database"] == str(sandbox.project_root / "data" / "tenants.duckdb")
    assert warehouse["serving_copy"] == "/srv/copy.duckdb"
    assert bound(definitions, "contoso_entra")["ca_bundle"] == str(sandbox.project_root / "ca.pem")
    tables = {spec.key.path[-1] for spec in definitions.resolve_all_asset_specs()}
    assert "groups" in tables
    assert "users" not in tables


def test_variables_of_the_settings_have_no_effect_unless_they_are_named(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AAD_TENANT_ID", DOMAIN)
    monkeypatch.setenv("AAD_CONNECTION_NAME", "other")
    monkeypatch.setenv("AAD_DATABASE", "/other.duckdb")
    definitions = load(sandbox)

    assert not bound(definitions, "entra").get("tenant_id")
    assert bound(definitions, "warehouse")["database"] == str(sandbox.project_root / "entra.duckdb")
    assert {spec.key.path[0] for spec in definitions.resolve_all_asset_specs()} == {"aad"}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [SECRET, "{{ env.CONTOSO_SECRET }}", [SECRET], {"value": SECRET}, {"env": SECRET}])
def test_a_secret_must_be_named_and_is_not_quoted(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    monkeypatch.setenv("CONTOSO_SECRET", SECRET)
    with pytest.raises(Exception, match="Error while loading component contoso") as caught:
        load(sandbox, **{name: value})
    cause = caught.value.__cause__

    assert isinstance(cause, ConfigurationError)
    assert f"The attribute {name} must " in str(cause)
    assert f"`{name}: {{env: " in str(cause)
    assert SECRET not in str(caught.value) + str(cause)
    assert value == {"env": SECRET} or not accepted(**{name: value})


def test_code_names_secrets_as_well() -> None:
    with pytest.raises(ConfigurationError, match="The attribute client_secret must name an environment variable"):
        AadAssetsComponent(client_secret=SECRET)
    assert AadAssetsComponent(client_secret=dg.EnvVar("CONTOSO_SECRET"))


@pytest.mark.parametrize(
    "target", [f"ducklake:postgres:dbname=lake password={SECRET}", f"ducklake:postgres:postgresql://me:{SECRET}@host/lake"]
)
def test_a_database_with_a_password_must_be_named(target: str, monkeypatch: pytest.MonkeyPatch, sandbox: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"`database: \{env: ") as caught:
        AadAssetsComponent(database=target)
    assert SECRET not in str(caught.value)

    monkeypatch.setenv("LAKE", target)
    assert bound(load(sandbox, database={"env": "LAKE"}), "warehouse")["database"] == {"env": "LAKE"}
    assert AadAssetsComponent(database="md:entra")


def test_a_mistyped_attribute_is_rejected_without_its_value() -> None:
    with pytest.raises(ConfigurationError, match="has no attribute client_secrets") as caught:
        AadAssetsComponent(client_secrets=SECRET)
    assert SECRET not in str(caught.value)
    assert not accepted(client_secrets={"env": "X"})


@pytest.mark.parametrize(
    ("attribute", "variable", "value", "expected"),
    [
        ("quota_share", "SHARE", "", "The attribute quota_share reads SHARE, which is not set."),
        ("log_days", "DAYS", "some", "The attribute log_days is wrong: Input should be a valid integer"),
        ("schedule_cron", "CRON", "", "The attribute schedule_cron reads CRON, which is not set."),
        ("connection_name", "NAME", "", "The attribute connection_name reads NAME, which is not set."),
        ("connection_name", "NAME", "Not A Name", "AAD_CONNECTION_NAME is 'Not A Name'."),
        ("owners", "OWNERS", "nobody", "AAD_OWNERS contains 'nobody'."),
    ],
)
def test_a_variable_that_cannot_be_used_fails_the_run_and_not_the_load(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch, attribute: str, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    attributes: dict[str, Any] = {"connection_name": "contoso", attribute: {"env": variable}}
    definitions = load(sandbox, **attributes)
    job = next(job.name for job in definitions.jobs or [] if job.name.endswith("reload_directory"))

    assert expected in problem(definitions, job)


def test_a_secret_that_is_not_set_fails_the_run_and_not_the_load(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTOSO_SECRET", raising=False)
    definitions = load(sandbox, connection_name="contoso", client_secret={"env": "CONTOSO_SECRET"})

    with pytest.raises(dg.DagsterInvalidConfigError, match='variable "CONTOSO_SECRET" which is not set'):
        definitions.resolve_job_def("contoso_reload_directory").execute_in_process()


def test_the_schema_describes_every_setting() -> None:
    schema = AadAssetsComponent.model().model_json_schema()
    settings = Settings.model_fields.keys() - {"connection"}

    assert set(schema["properties"]) == set(FIELDS) >= settings
    for name, each in schema["properties"].items():
        assert each["description"].endswith("."), name
        assert accepted(**{name: {"env": "NAME"}}), name
        assert is_secret(name) or accepted(**{name: FIELDS[name].default}), name
        assert each.get("default", "") == (FIELDS[name].default or ""), name
    assert not accepted(quota_share="half")
    assert accepted(quota_share="{{ env.SHARE }}", log_days=5, owners=["team:identity"])


def test_the_scaffolder_writes_a_file_that_loads(sandbox: Any) -> None:
    path = sandbox.scaffold_component(AadAssetsComponent, defs_path="Contoso-EU")
    text = (path / "defs.yaml").read_text("utf-8")
    attributes = yaml.safe_load(text)["attributes"]

    assert attributes["connection_name"] == "contoso_eu"
    assert attributes["client_secret"] == {"env": "CONTOSO_EU_CLIENT_SECRET"}
    assert accepted(**attributes)
    with sandbox.load_component_and_build_defs(path) as (component, definitions):
        assert isinstance(component, AadAssetsComponent)
        assert "contoso_eu_reload_directory" in {job.name for job in definitions.jobs}
    uncommented = [line.replace("# ", "", 1) for line in text.splitlines() if ": " in line and "#   " not in line]
    examples = {line.split(":")[0].strip() for line in uncommented if line.startswith("  ")}
    assert {"owners", "connection_metadata", "managed_identity", "client_certificate_path"} <= examples
    assert {name for name in examples if name.isidentifier()} <= set(FIELDS)


def test_the_scaffolder_writes_python(sandbox: Any) -> None:
    path = sandbox.scaffold_component(AadAssetsComponent, defs_path="order", scaffold_format="python")

    assert 'connection_name="contoso"' in (path / "component.py").read_text("utf-8"), "DuckDB reserves the folder's name"
    with sandbox.load_component_and_build_defs(path) as (_, definitions):
        assert bound(definitions, "contoso_entra")["client_secret"] == {"env": "CONTOSO_CLIENT_SECRET"}


def test_the_scaffolder_appends_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "fabrikam" / "defs.yaml"
    file.parent.mkdir()
    file.write_text("type: other.Component\n", encoding="utf-8")
    scaffolder = AadAssetsComponent.__scaffolder_cls__()  # type: ignore[attr-defined]
    name = "aad_assets.AadAssetsComponent"
    scaffolder.scaffold(dg.ScaffoldRequest(name, file, "yaml", None, scaffolder.get_scaffold_params()(), append=True))

    assert [each["type"] for each in yaml.safe_load_all(file.read_text("utf-8"))] == [
        "other.Component",
        "aad_assets.AadAssetsComponent",
    ]
    assert "connection_name: fabrikam" in file.read_text("utf-8")


def test_the_page_shows_files_that_load(sandbox: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "component.md").read_text("utf-8")
    component, post_processing = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    scaffolded = sandbox.scaffold_component(AadAssetsComponent, defs_path="contoso")
    attributes = yaml.safe_load((scaffolded / "defs.yaml").read_text("utf-8"))["attributes"]

    assert component["attributes"] == attributes | {"owners": ["team:identity"]}, "it is what the scaffolder writes"
    assert accepted(**component["attributes"])
    (scaffolded / "defs.yaml").write_text(yaml.safe_dump(component | post_processing), encoding="utf-8")
    with sandbox.load_component_and_build_defs(scaffolded) as (_, definitions):
        specs = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs()}
    assert {name for name, spec in specs.items() if spec.automation_condition} == {"users", "groups"}
    assert (specs["users"].owners, specs["devices"].owners) == (["team:people"], ["team:identity"])
    assert [name for name in SECRETS if f"`{name}`" not in page] == []
