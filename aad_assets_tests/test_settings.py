"""Settings: their declaration, their defaults, what they imply, and messages that name the variable."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from pydantic import ValidationError

from aad_assets.errors import ConfigurationError
from aad_assets.orchestration import EntraResource, WarehouseResource
from aad_assets.settings import (
    AUTH_METHODS,
    CLOUDS,
    Connection,
    ConnectionFields,
    DatabaseFields,
    Settings,
    check_database_name,
    is_file,
    resolve_database,
    variable,
)
from aad_assets.settings.declaration import DefinitionFields, all_settings, declared
from tools.reference import ROOT

SECRET = {
    "AAD_CLIENT_SECRET": "s3cret",
    "AAD_CLIENT_CERTIFICATE_PASSWORD": "p4ssword",
    "AAD_GATEWAY_URL": "http://me:p4ssword@gateway.example:80",
}
COMPLETE = {"AAD_TENANT_ID": "contoso.example", "AAD_CLIENT_ID": "app", "AAD_CLIENT_SECRET": "s3cret"}


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


def problems(**environment: str) -> str:
    """Return the error of `check` for a complete connection with these variables set or, if empty, unset."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(COMPLETE | environment).connection.check()
    return str(caught.value)


@pytest.mark.parametrize("fields", [ConnectionFields, DatabaseFields, DefinitionFields])
def test_every_setting_is_declared_in_full(fields: type[ConnectionFields | DatabaseFields | DefinitionFields]) -> None:
    declarations = declared(fields)
    assert declarations.keys() == fields.model_fields.keys()
    for name, setting in declarations.items():
        assert setting.variable == variable(name)
        assert setting.description
        assert not setting.description.endswith(".")
        assert str(fields.model_fields[name].description) == f"{setting.description} ({setting.variable})."


def test_the_page_about_settings_describes_each_one() -> None:
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    assert all(f"| `{setting.variable}` |" in page for setting in all_settings())


def test_every_default_passes_its_check() -> None:
    for name, setting in declared(Connection).items():
        default = Connection.model_fields[name].default
        assert setting.check is None or default == "" or setting.check(default) is None


@pytest.mark.parametrize("model", [Connection, Settings, EntraResource, WarehouseResource])
def test_a_misspelt_field_is_rejected(model: type[Any]) -> None:
    with pytest.raises((ValidationError, dg.DagsterInvalidInvocationError), match="tenant_name"):
        model(tenant_name="contoso.example")


def test_a_connection_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Connection().tenant_id = "contoso.example"


def test_every_setting_has_a_default() -> None:
    settings = read()
    assert settings.connection == Connection()
    assert settings.connection_name == "aad"
    assert settings.database == str(Path.cwd() / "entra.duckdb")
    assert (settings.schedule_cron, settings.schedule_timezone) == ("0 2 * * *", "UTC")
    assert settings.connection.cloud == "global"
    assert settings.connection.quota_share == 1.0


def test_every_field_is_set_by_the_variable_of_its_name(tmp_path: Path) -> None:
    own = {"connection_name": "prod", "database": "/data/x.duckdb", "schedule_cron": "@daily", "schedule_timezone": "CET"}
    own |= {"memory_limit": "1GB", "keep_history": "400d", "keep_changes": "52w"}
    reach = {name: f"value of {name}" for name in Connection.model_fields}
    numbers = {"quota_share": 0.25, "log_days": 3, "request_timeout": 20.0, "entity_deadline": 60.0}
    reach |= {name: str(number) for name, number in numbers.items()} | {"token_cache": str(tmp_path / "sign-in.json")}
    settings = read(**{variable(name): f" {value} " for name, value in (own | reach).items()})
    assert {name: getattr(settings, name) for name in own} == own
    assert {name: getattr(settings.connection, name) for name in reach} == reach | numbers


def test_an_empty_variable_counts_as_not_set() -> None:
    assert (
        read(AAD_CLOUD="", AAD_DATABASE="  ", AAD_QUOTA_SHARE="", AAD_CONNECTION_NAME="", AAD_MANAGED_IDENTITY="") == read()
    )


def test_the_environment_of_the_process_is_read_at_the_time_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAD_CONNECTION_NAME", "from_the_process")
    assert Settings.from_environment().connection_name == "from_the_process"


def test_a_complete_connection_is_accepted() -> None:
    read(**COMPLETE).connection.check()


@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_setting_is_named(name: str) -> None:
    assert f"Set {name} to" in problems(**{name: ""})


def test_all_missing_settings_are_named_in_one_message() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read().connection.check()
    assert all(name in str(caught.value) for name in (*COMPLETE, "AAD_CLIENT_CERTIFICATE_PATH"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AAD_AUTH", "password"),
        ("AAD_AUTH", "workload_identity"),
        ("AAD_AUTH", "managed_identity"),
        ("AAD_MANAGED_IDENTITY", "mine"),
        ("AAD_REDIRECT_URL", "http://login.example/back"),
        ("AAD_REDIRECT_URL", "localhost"),
        ("AAD_AUTH", "certificate"),
        ("AAD_CLOUD", "germany"),
        ("AAD_CLIENT_CERTIFICATE_PATH", "/nowhere/client.pem"),
        ("AAD_CA_BUNDLE", "/nowhere/ca.pem"),
        ("AAD_AUTHORITY_URL", "http://login.example"),
        ("AAD_AUTHORITY_URL", "login.example"),
        ("AAD_AUTHORITY_URL", "https://"),
        ("AAD_AUTHORITY_URL", "https://[login.example"),
        ("AAD_AUTHORITY_URL", "https://login.example:port"),
        ("AAD_AUTHORITY_URL", "https://login..example"),
        ("AAD_AUTHORITY_URL", "https://login\x01.example"),
        ("AAD_GRAPH_BASE_URL", f"https://{'a' * 64}.example/v1.0"),
        ("AAD_GRAPH_BASE_URL", "http://graph.example/v1.0"),
        ("AAD_GRAPH_BASE_URL", "graph.example/v1.0"),
        ("AAD_QUOTA_SHARE", "0"),
        ("AAD_QUOTA_SHARE", "-1"),
        ("AAD_QUOTA_SHARE", "nan"),
        ("AAD_LOG_DAYS", "31"),
        ("AAD_LOG_DAYS", "-1"),
        ("AAD_TENANT_ID", "contoso.example/common"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(name: str, value: str) -> None:
    assert name in problems(**{name: value})


@pytest.mark.parametrize(
    "gateway",
    [
        "gateway.example:80",
        "ftp://gateway.example",
        "http://",
        "http://me:p4ss#word@gateway.example:80",
        "http://me:p4ss/word@gateway.example:80",
        "http://[me:p4ssword@gateway.example",
        "http://p4ss:1234#word@gateway.example:80",
        "http://p4ss:1234/word@gateway.example:80",
        "http://p4ss:1234?word@gateway.example:80",
    ],
)
def test_a_wrong_gateway_is_named_without_its_password(gateway: str) -> None:
    message = problems(AAD_GATEWAY_URL=gateway)
    assert "AAD_GATEWAY_URL must be http://host:port" in message
    assert "p4ss" not in message
    assert "word@" not in message


@pytest.mark.parametrize("url", ["https://me:p4ss@login.example", "https://me:p4ss#word@login.example"])
@pytest.mark.parametrize("name", ["AAD_AUTHORITY_URL", "AAD_GRAPH_BASE_URL"])
def test_a_url_with_a_password_is_rejected_without_quoting_it(name: str, url: str) -> None:
    message = problems(**{name: url})
    assert f"{name} must be a URL without user and password." in message
    assert "p4ss" not in message


@pytest.mark.parametrize(
    "gateway",
    [
        "http://10.0.0.1:3128",
        "http://gateway.example:80/",
        "https://me:p%23w@gateway.example",
        "socks5://[::1]:1080",
        "socks5h://gateway.example",
    ],
)
def test_proxies_of_every_kind_are_accepted(gateway: str) -> None:
    read(**COMPLETE, AAD_GATEWAY_URL=gateway).connection.check()


def test_two_credentials_need_a_choice(tmp_path: Path) -> None:
    certificate = tmp_path / "client.pem"
    certificate.touch()
    both = {"AAD_CLIENT_CERTIFICATE_PATH": str(certificate)}
    message = problems(**both)
    assert "AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH are both set. Choose one with AAD_AUTH." in message
    for auth in ("client_secret", "certificate"):
        connection = read(**COMPLETE | both, AAD_AUTH=auth).connection
        connection.check()
        assert connection.auth_method == auth
    alone = read(**COMPLETE | both | {"AAD_CLIENT_SECRET": ""}).connection
    alone.check()
    assert alone.auth_method == "certificate"
    assert "AAD_AUTH is client_secret, but AAD_CLIENT_SECRET is not set." in problems(
        **both, AAD_CLIENT_SECRET="", AAD_AUTH="client_secret"
    )


def test_the_method_is_inferred_from_the_credential_and_is_never_delegated(tmp_path: Path) -> None:
    bare = COMPLETE | {"AAD_CLIENT_SECRET": ""}
    certificate = tmp_path / "client.pem"
    certificate.touch()
    for name, value, method in (
        ("AAD_CLIENT_SECRET", "s3cret", "client_secret"),
        ("AAD_CLIENT_CERTIFICATE_PATH", str(certificate), "certificate"),
        ("AAD_FEDERATED_TOKEN_FILE", "/run/token", "workload_identity"),
        ("AAD_MANAGED_IDENTITY", "system", "managed_identity"),
    ):
        connection = read(**bare | {name: value}).connection
        connection.check()
        assert connection.auth_method == method
        for other in {*AUTH_METHODS} - {method, "delegated"}:
            assert f"AAD_AUTH is {other}, but" in problems(**{"AAD_CLIENT_SECRET": "", name: value, "AAD_AUTH": other})
    for credential in ({}, {"AAD_CLIENT_SECRET": "s3cret"}, {"AAD_CLIENT_CERTIFICATE_PATH": str(certificate)}):
        delegated = read(**bare | credential | {"AAD_AUTH": "delegated"}).connection
        delegated.check()
        assert delegated.auth_method == "delegated"
    assert "Unset one of them." in problems(AAD_CLIENT_CERTIFICATE_PATH=str(certificate), AAD_AUTH="delegated")


def test_a_managed_identity_needs_no_client_id() -> None:
    read(AAD_TENANT_ID="contoso.example", AAD_MANAGED_IDENTITY="system").connection.check()


AZURE = {
    "AZURE_TENANT_ID": "fabrikam.example",
    "AZURE_CLIENT_ID": "federated",
    "AZURE_FEDERATED_TOKEN_FILE": "/var/run/token",
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/",
}


def test_workload_identity_works_as_kubernetes_sets_it() -> None:
    connection = read(**AZURE).connection
    connection.check()
    assert connection.auth_method == "workload_identity"
    assert (connection.tenant_id, connection.client_id) == ("fabrikam.example", "federated")
    assert connection.federated_token_file == "/var/run/token"
    assert connection.base_url == "https://graph.microsoft.us/v1.0", "the cloud follows the authority's host"
    assert read(**AZURE | {"AZURE_AUTHORITY_HOST": "https://login.own.example/"}).connection.authority == (
        "https://login.own.example/fabrikam.example"
    )


def test_our_variables_override_those_of_azure() -> None:
    mixed = read(**AZURE, AAD_TENANT_ID="contoso.example", AAD_CLOUD="usgov_dod").connection
    assert (mixed.tenant_id, mixed.client_id, mixed.cloud) == ("contoso.example", "federated", "usgov_dod")
    chosen = read(**COMPLETE, **AZURE).connection
    chosen.check()
    assert chosen == read(**COMPLETE).connection
    assert read(**COMPLETE, **AZURE, AAD_AUTH="workload_identity").connection.auth_method == "workload_identity"


def test_variables_of_azure_without_a_token_file_are_ignored() -> None:
    assert read(**AZURE | {"AZURE_FEDERATED_TOKEN_FILE": ""}).connection == Connection()


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost", True),
        ("http://localhost:8400/back", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:80", True),
        ("https://localhost", False),
        ("https://login.microsoftonline.com/common/oauth2/nativeclient", False),
    ],
)
def test_a_redirect_url_may_be_https_or_this_machine(url: str, loopback: bool) -> None:
    connection = read(**COMPLETE, AAD_REDIRECT_URL=url).connection
    connection.check()
    assert connection.is_loopback is loopback


def test_the_gateway_is_shown_without_its_password() -> None:
    assert (
        read(**COMPLETE, AAD_GATEWAY_URL="http://me:p%40ss@proxy.example:80").connection.gateway == "http://proxy.example:80"
    )
    assert read(**COMPLETE).connection.gateway == ""


def test_a_relative_token_cache_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(AAD_TOKEN_CACHE="sign-in.json").connection.token_cache == str(tmp_path / "sign-in.json")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [("AAD_QUOTA_SHARE", "half", "a number such as 0.5"), ("AAD_LOG_DAYS", "2.5", "a whole number")],
)
def test_a_number_that_cannot_be_read_is_rejected_when_settings_are_read(name: str, value: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'. Set it to {advice}"):
        read(**{name: value})


@pytest.mark.parametrize(
    ("cloud", "login", "graph"),
    [
        ("global", "login.microsoftonline.com", "graph.microsoft.com"),
        ("usgov", "login.microsoftonline.us", "graph.microsoft.us"),
        ("usgov_dod", "login.microsoftonline.us", "dod-graph.microsoft.us"),
        ("china", "login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_a_cloud_implies_the_authority_and_the_base_url_of_graph(cloud: str, login: str, graph: str) -> None:
    connection = read(**COMPLETE, AAD_CLOUD=cloud).connection
    connection.check()
    assert connection.authority == f"https://{login}/contoso.example"
    assert connection.base_url == f"https://{graph}/v1.0"
    assert connection.scope == f"https://{graph}/.default"


def test_every_cloud_is_tested() -> None:
    assert list(CLOUDS) == ["global", "usgov", "usgov_dod", "china"]


def test_urls_override_what_the_cloud_implies() -> None:
    urls = {"AAD_AUTHORITY_URL": "https://login.example/", "AAD_GRAPH_BASE_URL": "https://graph.example:8443/v1.0/"}
    connection = read(**COMPLETE, **urls).connection
    connection.check()
    assert connection.authority == "https://login.example/contoso.example"
    assert connection.base_url == "https://graph.example:8443/v1.0"
    assert connection.scope == "https://graph.example:8443/.default"
    whole = read(**COMPLETE, AAD_AUTHORITY_URL="https://login.example/tenant/").connection
    assert whole.authority == "https://login.example/tenant"


def test_a_relative_database_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(AAD_DATABASE="data/entra.duckdb")
    monkeypatch.chdir("/")
    assert settings.database == str(tmp_path / "data/entra.duckdb")
    assert settings.resolved() == settings


def test_a_relative_metadata_file_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(AAD_CONNECTION_METADATA="entra.yaml")
    monkeypatch.chdir("/")
    assert settings.connection_metadata == str(tmp_path / "entra.yaml")
    assert settings.resolved() == settings
    assert read(AAD_CONNECTION_METADATA=" ").connection_metadata == ""


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_database("~/entra.duckdb") == "/home/me/entra.duckdb"


@pytest.mark.parametrize(
    "target", ["ducklake:postgres:dbname=lake", "md:entra", "postgres:host=db", "ducklake:meta.ducklake"]
)
def test_other_attach_targets_are_unchanged(target: str) -> None:
    assert not is_file(target)
    assert read(AAD_DATABASE=target).database == target
    check_database_name("md:aad", "aad")


@pytest.mark.parametrize("name", ["aad", "aad_history", "aad_meta", "AAD", "Aad_Meta"])
@pytest.mark.parametrize("ending", ["", ".duckdb", ".db", ".prod.duckdb"])
def test_a_file_named_like_a_schema_is_rejected(tmp_path: Path, name: str, ending: str) -> None:
    path = tmp_path / f"{name}{ending}"
    with pytest.raises(ConfigurationError, match=r"AAD_DATABASE.*AAD_CONNECTION_NAME"):
        read(AAD_DATABASE=str(path))
    with duckdb.connect(str(path)) as database:
        database.execute(f"CREATE SCHEMA {name}")
        with pytest.raises(duckdb.BinderException, match="Ambiguous"):
            database.execute(f"CREATE TABLE {name}.users (id VARCHAR)")


@pytest.mark.parametrize("file", ["entra.duckdb", "my_aad.duckdb", "aads.duckdb", "x.aad.duckdb", "aad/entra.duckdb"])
def test_files_with_other_names_are_accepted(tmp_path: Path, file: str) -> None:
    read(AAD_DATABASE=file)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE SCHEMA aad; CREATE TABLE aad.users (id VARCHAR)")


def test_the_rejected_file_names_depend_on_the_connection_name() -> None:
    assert read(AAD_CONNECTION_NAME="prod", AAD_DATABASE="/data/aad.duckdb").database == "/data/aad.duckdb"
    with pytest.raises(ConfigurationError, match="prod"):
        read(AAD_CONNECTION_NAME="prod", AAD_DATABASE="/data/prod_meta.duckdb")


@pytest.mark.parametrize(
    "name",
    ["Prod", "1prod", "my-tenant", "a.b", "ä", "a b", "_a", 'a"b', "temp", "system", "pg_catalog", "information_schema"],
)
def test_a_connection_name_that_dagster_or_duckdb_rejects_is_rejected(name: str) -> None:
    with pytest.raises(ConfigurationError, match="AAD_CONNECTION_NAME is"):
        read(AAD_CONNECTION_NAME=name)


def test_no_secret_is_in_a_repr_or_a_message() -> None:
    settings = read(**SECRET)
    with pytest.raises(ConfigurationError) as caught:
        settings.connection.check()
    for text in (repr(settings), str(settings), repr(settings.connection), f"{settings.connection}", str(caught.value)):
        assert "s3cret" not in text
        assert "p4ssword" not in text
