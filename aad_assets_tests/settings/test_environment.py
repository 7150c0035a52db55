"""Settings from the environment: their defaults, their variables, and what is wrong, in one message."""

from pathlib import Path

import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.settings import Connection, Settings, unknown_variables, variable
from aad_assets_tests.settings.support import COMPLETE, read


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
    own |= {"access_cron": "20 * * * *", "logs_cron": "*/15 * * * *", "prune_cron": "0 6 * * 6"}
    own |= {"memory_limit": "1GB", "keep_history": "400d", "keep_changes": "52w", "serving_copy": "/data/copy.duckdb"}
    own |= {"connection_metadata": "/data/entra.yaml", "owners": "team:identity"}
    own |= {"alert_webhook": "https://hooks.contoso.example/T0/B0/abc", "alert_format": "slack"}
    waiting = {"lock_wait": 12.5, "reference_checks": True, "kql_views": True}
    reach = {name: f"value of {name}" for name in Connection.model_fields}
    numbers = {"quota_share": 0.25, "log_days": 3, "request_timeout": 20.0, "entity_deadline": 60.0}
    reach |= {name: str(number) for name, number in numbers.items()} | {"token_cache": str(tmp_path / "sign-in.json")}
    settings = read(**{variable(name): f" {value} " for name, value in (own | waiting | reach).items()})
    assert {name: getattr(settings, name) for name in own | waiting} == own | waiting
    assert (own | waiting).keys() == Settings.model_fields.keys() - {"connection"}
    assert {name: getattr(settings.connection, name) for name in reach} == reach | numbers


@pytest.mark.parametrize(("text", "value"), [("true", True), ("ON", True), ("1", True), ("false", False), ("off", False)])
def test_a_switch_is_true_or_false(text: str, value: bool) -> None:
    assert read(AAD_REFERENCE_CHECKS=text).reference_checks is value


def test_an_empty_variable_counts_as_not_set() -> None:
    assert (
        read(AAD_CLOUD="", AAD_DATABASE="  ", AAD_QUOTA_SHARE="", AAD_CONNECTION_NAME="", AAD_MANAGED_IDENTITY="") == read()
    )


def test_the_environment_of_the_process_is_read_at_the_time_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAD_CONNECTION_NAME", "from_the_process")
    assert Settings.from_environment().connection_name == "from_the_process"


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


def test_a_relative_token_cache_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(AAD_TOKEN_CACHE="sign-in.json").connection.token_cache == str(tmp_path / "sign-in.json")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("AAD_QUOTA_SHARE", "half", "a number such as 0.5"),
        ("AAD_QUOTA_SHARE", "nan", "a number such as 0.5"),
        ("AAD_REFERENCE_CHECKS", "maybe", "true or false"),
        ("AAD_REFERENCE_CHECKS", "2", "true or false"),
        ("AAD_QUOTA_SHARE", "inf", "a number such as 0.5"),
        ("AAD_LOCK_WAIT", "-Infinity", "a number such as 0.5"),
        ("AAD_REQUEST_TIMEOUT", "1e999", "a number such as 0.5"),
        ("AAD_ENTITY_DEADLINE", "1_000", "a number such as 0.5"),
        ("AAD_LOG_DAYS", "2.5", "a whole number"),
    ],
)
def test_a_number_that_cannot_be_read_is_rejected_when_settings_are_read(name: str, value: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'. Set it to {advice}"):
        read(**{name: value})


def test_a_relative_metadata_file_is_made_absolute_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read(AAD_CONNECTION_METADATA="entra.yaml")
    monkeypatch.chdir("/")
    assert settings.connection_metadata == str(tmp_path / "entra.yaml")
    assert settings.resolved() == settings
    assert read(AAD_CONNECTION_METADATA=" ").connection_metadata == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AAD_LOCK_WAIT", "-1"),
        ("AAD_LOCK_WAIT", "1e300"),
        ("AAD_MEMORY_LIMIT", "lots"),
        ("AAD_MEMORY_LIMIT", "0MB"),
        ("AAD_MEMORY_LIMIT", "800"),
        ("AAD_KEEP_HISTORY", "400"),
        ("AAD_KEEP_HISTORY", "0d"),
        ("AAD_KEEP_CHANGES", "99999w"),
        ("AAD_CONNECTION_NAME", "Prod"),
        ("AAD_DATABASE", "aad.duckdb"),
    ],
)
def test_a_value_that_cannot_be_used_is_rejected_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read(**{name: value})


def test_a_number_of_absurd_length_is_rejected_and_not_quoted_whole() -> None:
    with pytest.raises(ConfigurationError, match=r"AAD_LOG_DAYS is '9{30}…'"):
        read(AAD_LOG_DAYS="9" * 5_000)


def test_everything_that_is_wrong_is_in_one_message() -> None:
    wrong = {
        "AAD_QUOTA_SHARE": "half",
        "AAD_LOG_DAYS": "soon",
        "AAD_MEMORY_LIMIT": "lots",
        "AAD_KEEP_CHANGES": "ever",
        "AAD_LOCK_WAIT": "-3",
        "AAD_DATABASE": "aad_at.duckdb",
        "AAD_SERVING_COPY": "AAD_flat.duckdb",
        "AAD_CLOUD": "germany",
        "AAD_TENANT_ID": "not a tenant",
        "AAD_GATEWAY_URL": "proxy",
        "AAD_CLIENT_SECRT": "value",
    }
    with pytest.raises(ConfigurationError) as caught:
        read(**wrong)
    message = str(caught.value)
    assert [name for name in wrong if message.count(f"{name} ") != 1] == []
    assert "Set AAD_CLIENT_ID to" in message, "and what is missing"
    assert "Did you mean AAD_CLIENT_SECRET?" in message


def test_what_can_be_used_is_used_beside_what_cannot() -> None:
    settings, problems = Settings.read({"AAD_CONNECTION_NAME": "prod", "AAD_QUOTA_SHARE": "half", "AAD_LOCK_WAIT": "5"})
    assert len(problems) == 1
    assert (settings.connection_name, settings.lock_wait, settings.connection.quota_share) == ("prod", 5.0, 1.0)


def test_a_secret_in_the_place_of_a_number_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError, match="AAD_QUOTA_SHARE is") as caught:
        read(**COMPLETE | {"AAD_CLIENT_SECRET": "s3cret-value"}, AAD_LOCK_WAIT="s3cret-value", AAD_QUOTA_SHARE="s3cret-value")
    assert "s3cret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("AAD_CLIENT_SECRT", "Did you mean AAD_CLIENT_SECRET?"),
        ("AAD_TENANT", "Did you mean AAD_TENANT_ID?"),
        ("aad_tenant_id", "Did you mean AAD_TENANT_ID?"),
        ("AAD_MEMORY_LIMITS", "Did you mean AAD_MEMORY_LIMIT?"),
        ("AAD_SCHEDULE", "Did you mean AAD_SCHEDULE_CRON?"),
        ("AAD_LOGIN_METHOD", "Remove it, unless another program reads it."),
        ("AAD_SERVICE_PRINCIPAL_CLIENT_ID", "Remove it, unless another program reads it."),
    ],
)
def test_an_unknown_variable_is_reported_with_the_name_that_was_meant(name: str, advice: str) -> None:
    assert unknown_variables({name: "s3cret"}) == [f"{name} is not a setting and has no effect. {advice}"]


def test_settings_and_other_variables_are_not_unknown() -> None:
    known = {variable(name): "x" for fields in (Settings, Connection) for name in fields.model_fields if name != "connection"}
    assert unknown_variables(known | {"AAD_EMPTY": " ", "AADX": "x", "PATH": "x"}) == []
