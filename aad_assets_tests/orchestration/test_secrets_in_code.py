"""Secrets that code gives to `build_definitions`: used by a run, and missing from everything that Dagster stores.

See also `e2e/test_secrets.py`, which reloads with such a secret.
"""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.orchestration import EntraResource, WarehouseResource, build_definitions
from aad_assets.settings import Connection, Settings
from aad_assets_tests.hunting import everything_in

SECRETS: dict[str, Any] = {
    "client_secret": "s3cr3t~value-of-the-app",
    "client_certificate_password": "p4ssw0rd-of-the-file",
    "gateway_url": "http://me:p4ss-of-the-gateway@localhost:9",
    "pseudonym_key": "k3y-of-the-pseudonyms",
}
TARGET = "ducklake:postgres:dbname=lake password=p4ss-of-the-lake"
NEEDLES = ["s3cr3t~value", "p4ssw0rd-of", "p4ss-of-the-gateway", "k3y-of-the", "p4ss-of-the-lake"]
REACH: dict[str, Any] = {
    "tenant_id": "contoso.example",
    "client_id": "app",
    "authority_url": "https://localhost:9",
    "graph_base_url": "https://localhost:9/v1.0",
}


def seen_by_a_run(definitions: dg.Definitions, folder: Path, run_config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run an op with the resources of `definitions` on an instance in `folder`; return the values that it sees."""
    seen: dict[str, Any] = {}

    @dg.op(required_resource_keys={"entra", "warehouse"})
    def look(context: dg.OpExecutionContext) -> None:
        seen.update({name: getattr(context.resources.entra, name) for name in SECRETS})
        seen["database"] = context.resources.warehouse.database
        seen["connection"] = context.resources.entra.connection()

    @dg.job(resource_defs=definitions.resources or {})
    def looking() -> None:
        look()

    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        assert looking.execute_in_process(instance=instance, run_config=run_config).success
    return seen


def contents(folder: Path) -> str:
    """Return everything that Dagster stored, as text."""
    return "\n".join(content.decode("utf-8", "replace") for content in everything_in(folder).values())


def by_settings() -> dg.Definitions:
    connection = Connection(**REACH, **SECRETS)
    return build_definitions(Settings(connection=connection, database=TARGET), environment={})


def by_resources() -> dg.Definitions:
    entra = EntraResource(**REACH, **SECRETS)
    return build_definitions(Settings(), entra=entra, warehouse=WarehouseResource(database=TARGET), environment={})


@pytest.mark.parametrize("build", [by_settings, by_resources])
def test_a_run_uses_secrets_from_code_and_stores_none(tmp_path: Path, build: Any) -> None:
    definitions = build()
    seen = seen_by_a_run(definitions, tmp_path)

    assert seen.pop("connection") == Connection(**REACH, **SECRETS)
    assert seen == SECRETS | {"database": TARGET}
    stored = contents(tmp_path)
    assert "localhost:9/v1.0" in stored, "what is no secret is stored as ever"
    assert [needle for needle in NEEDLES if needle in stored] == []


@pytest.mark.parametrize("build", [by_settings, by_resources])
def test_config_schema_and_reprs_hold_no_secret(build: Any) -> None:
    resources = build().resources or {}
    for resource in (resources["entra"], resources["warehouse"]):
        default = resource.get_resource_definition().config_schema.default_value
        shown = json.dumps(default) + repr(resource) + str(resource) + repr(default)
        assert [needle for needle in NEEDLES if needle in shown] == []
    assert "ducklake:postgres:…" in repr(Settings(database=TARGET)) + repr(resources["warehouse"])
    assert "p4ss" not in repr(Settings(database=TARGET))


def test_the_launchpad_overrides_a_secret_from_code(tmp_path: Path) -> None:
    config = {"resources": {"entra": {"config": {"client_secret": "typed by a person"}}}}
    seen = seen_by_a_run(by_settings(), tmp_path, config)

    assert seen["client_secret"] == "typed by a person"
    assert seen["gateway_url"] == SECRETS["gateway_url"]


def test_a_bound_variable_is_resolved_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", SECRETS["client_secret"])
    entra = EntraResource(**REACH, client_secret=dg.EnvVar("MY_SECRET"))
    seen = seen_by_a_run(build_definitions(Settings(), entra=entra, environment={}), tmp_path)

    assert seen["client_secret"] == SECRETS["client_secret"]
    stored = contents(tmp_path)
    assert "MY_SECRET" in stored
    assert SECRETS["client_secret"] not in stored


def test_a_secret_from_code_is_stripped_and_checked_like_any_other() -> None:
    assert EntraResource(client_secret=" value\n").connection().client_secret == "value"
    assert EntraResource(client_secret="").connection() == Connection()


def test_every_secret_is_hunted() -> None:
    secret = {"dagster__is_secret": True}
    assert set(SECRETS) == {name for name, field in EntraResource.model_fields.items() if field.json_schema_extra == secret}


@pytest.mark.parametrize("name", SECRETS)
def test_configuring_at_launch_takes_secrets_by_variable_only(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"would store {name} with every run") as caught:
        EntraResource.configure_at_launch(**{name: SECRETS[name]})
    assert SECRETS[name] not in str(caught.value)
    assert EntraResource.configure_at_launch(client_id="app", **{name: dg.EnvVar("MY_SECRET")})
    with pytest.raises(ConfigurationError, match="would store database with every run"):
        WarehouseResource.configure_at_launch(database=TARGET)
