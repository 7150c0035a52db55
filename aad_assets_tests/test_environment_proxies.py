"""The proxies of the environment: NO_PROXY in every form that other programs accept, and errors that name the variable."""

import ssl

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.transport import Transport
from aad_assets.transport.proxies import describe_proxy, environment_proxies
from aad_assets_tests.fake_graph import connection

GRAPH, IPV6, IPV4 = "https://graph.example/v1.0", "https://[fd00::7]/v1.0", "https://10.1.2.3:8443/v1.0"
PROXY = "http://anna:p4ss%40word@proxy.example:8080"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def is_direct(url: str) -> bool:
    """Return whether a client of the project reaches `url` without a proxy; both clients must agree with the description."""
    transport = Transport(connection(graph_base_url=url))
    found = []
    for client in (transport.sync_client(), transport.async_client()):
        used = client._transport_for_url(httpx.URL(url))
        found.append(used is client._transport)
    assert found[0] == found[1]
    assert (describe_proxy(url) == "") == found[0]
    return found[0]


@pytest.mark.parametrize(
    ("entries", "url", "direct"),
    [
        ("graph.example", GRAPH, True),
        (".example", GRAPH, True),
        ("*.example", GRAPH, True),
        ("GRAPH.EXAMPLE.", GRAPH, True),
        ("graph.example:443", GRAPH, True),
        ("graph.example:8443", GRAPH, False),
        ("https://graph.example", GRAPH, True),
        ("http://graph.example", GRAPH, False),
        ("ph.example", GRAPH, False),
        ("localhost 127.0.0.1,  graph.example ,", GRAPH, True),
        ("*", GRAPH, True),
        ("other.example, *", GRAPH, True),
        ("fd00::7", IPV6, True),
        ("[fd00::7]", IPV6, True),
        ("[fd00::7]:443", IPV6, True),
        ("fd00::/8", IPV6, True),
        ("[fd00::]/8", IPV6, True),
        ("fe80::/10,2001:db8::/32", IPV6, False),
        ("10.0.0.0/8", IPV4, True),
        ("10.1.2.3/8", IPV4, True),
        ("10.1.2.3", IPV4, True),
        ("10.1.2.3:8443", IPV4, True),
        ("10.1.2.3:8080", IPV4, False),
        ("192.168.0.0/16", IPV4, False),
        ("192.168.0.0/16", GRAPH, False),
        ("fd00::/8", GRAPH, False),
        # What nobody understands is skipped.
        ("[::1", GRAPH, False),
        ("::1]:x,[[]],/,//,:,://,http://", GRAPH, False),
        ("fd00::/999,10.0.0.0/x,/8", IPV6, False),
        ("graph.example:99999999", GRAPH, False),
        ("gr*ph.example", GRAPH, False),
        ("\u00fc\u00df.example,a\x7fb", GRAPH, False),
        ("x" * 10_000, GRAPH, False),
    ],
)
def test_no_proxy(environment: pytest.MonkeyPatch, entries: str, url: str, direct: bool) -> None:
    environment.setenv("HTTPS_PROXY", PROXY)
    environment.setenv("NO_PROXY", entries)
    assert is_direct(url) == direct


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "url", ["ftp://anna:p4ssword@proxy.example", "http://anna:p4ssword@[proxy", "socks4://p4ssword@x", "http://x:p4ssword"]
)
def test_a_variable_that_is_no_proxy_is_named_without_its_value(environment: pytest.MonkeyPatch, name: str, url: str) -> None:
    environment.setenv(name, url)
    for make in (Transport(connection()).sync_client, Transport(connection()).async_client):
        with pytest.raises(ConfigurationError, match=f"The environment variable {name} is not the URL") as caught:
            make()
        assert "p4ss" not in str(caught.value)


def test_a_variable_that_no_request_uses_does_no_harm(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTP_PROXY", "ftp://nonsense")
    assert environment_proxies(ssl.create_default_context()) == {}


@pytest.mark.parametrize(
    ("variables", "described"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": PROXY}, "HTTPS_PROXY (http://proxy.example:8080)"),
        ({"https_proxy": "proxy.example:8080"}, "https_proxy (http://proxy.example:8080)"),
        ({"ALL_PROXY": "socks5://u:p@proxy.example:1080/"}, "ALL_PROXY (socks5://proxy.example:1080)"),
        ({"ALL_PROXY": "socks5://a:1", "HTTPS_PROXY": PROXY}, "HTTPS_PROXY (http://proxy.example:8080)"),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "graph.example"}, ""),
    ],
)
def test_the_proxy_in_use_is_named_without_its_password(
    environment: pytest.MonkeyPatch, variables: dict[str, str], described: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    assert Transport(connection()).describe_proxy(GRAPH) == described
    gateway = Transport(connection(gateway_url="http://u:p4ss@gateway.example:3128"))
    assert gateway.describe_proxy(GRAPH) == "AAD_GATEWAY_URL (http://gateway.example:3128)"
