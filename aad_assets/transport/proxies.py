"""The proxies that the environment names: `HTTPS_PROXY` and `ALL_PROXY`, and the hosts that `NO_PROXY` excludes from them.

httpx fails on entries of `NO_PROXY` that other programs accept, such as IPv6 networks, and its errors quote passwords.
"""

import ipaddress
import os
import re
import ssl
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from aad_assets.errors import ConfigurationError
from aad_assets.settings.checks import proxy_url

Proxies = dict[str, httpx.Proxy | None]
"""httpx's URL patterns, each with its proxy, or None for hosts that are reached directly."""

_NAME = re.compile(r"(?:[\w-]+\.)*[\w-]+", re.ASCII)


def environment_proxies(tls: ssl.SSLContext, hosts: Iterable[str] = ()) -> Proxies:
    """Return the proxies for HTTPS requests, empty if there are none. `hosts` are those that will be requested.

    A proxy that is itself reached over TLS is verified with `tls`. Raises ConfigurationError for a variable that is not the
    URL of a supported proxy.
    """
    urls = _urls()
    proxies: Proxies = {f"{scheme}://": _proxy(scheme, url, tls) for scheme, url in urls.items()}
    return proxies | {pattern: None for entry in _entries() for pattern in _patterns(entry, hosts)} if urls else {}


def describe_proxy(url: str) -> str:
    """Return the variable that decides how `url` is reached and its proxy, `HTTPS_PROXY (http://proxy:8080)`.

    Empty if there is none, or if NO_PROXY names the host. A password is not shown.
    """
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 443
    urls = _urls()
    if not urls or any(_matches(pattern, host, port) for entry in _entries() for pattern in _patterns(entry, [host])):
        return ""
    scheme, proxy = next(iter(urls.items()))
    address = proxy.partition("://")[2].rpartition("@")[2].partition("/")[0]
    return f"{_variable(scheme)} ({proxy.partition('://')[0]}://{address})"


def _urls() -> dict[str, str]:
    """Return the proxies that apply to HTTPS requests by their scheme in the variable's name, the deciding one first."""
    named = getproxies()
    urls = {scheme: named[scheme] for scheme in ("https", "all") if named.get(scheme)}
    return {} if "*" in _entries() else {scheme: url if "://" in url else f"http://{url}" for scheme, url in urls.items()}


def _entries() -> list[str]:
    return [entry for entry in re.split(r"[,\s]+", getproxies().get("no", "")) if entry]


def _variable(scheme: str) -> str:
    """Return the name of the variable for the proxy of `scheme`, as it is set: `HTTPS_PROXY` or `https_proxy`."""
    name = f"{scheme}_proxy"
    return name if os.environ.get(name) else name.upper()


def create_proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    """Return the proxy at `url`. One that is reached over TLS is verified with `tls`. Raises ValueError or InvalidURL."""
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


def _proxy(scheme: str, url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    try:
        if proxy_url(url) is None:
            return create_proxy(url, tls)
    except (ValueError, httpx.InvalidURL):
        pass
    # The value is not shown: it may contain a password.
    raise ConfigurationError(
        f"The environment variable {_variable(scheme)} is not the URL of a supported proxy. "
        "Correct it, or set AAD_GATEWAY_URL."
    )


def _patterns(entry: str, hosts: Iterable[str]) -> Iterator[str]:
    """Yield httpx's patterns for an entry of `NO_PROXY`. Entries of any other form are skipped, as curl does.

    An entry is a name, which stands for its subdomains as well, an address or a network, with or without a port.
    """
    scheme, separator, rest = entry.rpartition("://")
    scheme = scheme.lower() if separator else "all"
    if "/" in rest.rstrip("/"):
        yield from (f"{scheme}://{_bracketed(host)}" for host in hosts if _is_in_network(host, rest))
        return
    name, port = _without_port(rest.rstrip("/"))
    if port == ":443" and scheme != "http":  # httpx has no pattern for the port that a scheme implies.
        scheme, port = "https", ""
    if _address(name):
        yield f"{scheme}://{_bracketed(name)}{port}"
    elif _NAME.fullmatch(name := name.removeprefix("*").strip(".")):
        # `localhost` has no subdomains.
        yield f"{scheme}://{'' if name.lower() == 'localhost' else '*'}{name.lower()}{port}"


def _matches(pattern: str, host: str, port: int) -> bool:
    """Return whether a pattern for hosts that are reached directly covers an HTTPS request."""
    scheme, _, rest = pattern.partition("://")
    name, wanted = _without_port(rest)
    same = host == name if not name.startswith("*") else host == name[1:] or host.endswith(f".{name[1:]}")
    return scheme in ("https", "all") and same and wanted in ("", f":{port}")


def _without_port(text: str) -> tuple[str, str]:
    """Return a host without brackets, and its port with the colon: `[::1]:443` is `::1` and `:443`."""
    if found := re.fullmatch(r"\[([^\]]*)\](:\d{1,5})?", text) or re.fullmatch(r"([^:]*)(:\d{1,5})?", text):
        return found[1], found[2] or ""
    return text, ""  # an IPv6 address without brackets


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_in_network(host: str, network: str) -> bool:
    try:
        address = _address(host)
        return address is not None and address in ipaddress.ip_network(
            network.replace("[", "").replace("]", ""), strict=False
        )
    except ValueError:
        return False
