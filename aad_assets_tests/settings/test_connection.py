"""A connection: what its settings imply, and messages that name the variable."""

from pathlib import Path

import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.settings import AUTH_METHODS, CLOUDS
from aad_assets_tests.settings.support import COMPLETE, problems, read

SECRET = {
    "AAD_CLIENT_SECRET": "s3cret",
    "AAD_CLIENT_CERTIFICATE_PASSWORD": "p4ssword",
    "AAD_GATEWAY_URL": "http://me:p4ssword@gateway.example:80",
}


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


def test_no_secret_is_in_a_repr_or_a_message() -> None:
    settings = read(**SECRET)
    with pytest.raises(ConfigurationError) as caught:
        settings.connection.check()
    for text in (repr(settings), str(settings), repr(settings.connection), f"{settings.connection}", str(caught.value)):
        assert "s3cret" not in text
        assert "p4ssword" not in text
