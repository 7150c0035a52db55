"""The proxies that the environment names: `HTTPS_PROXY` and `ALL_PROXY`, and the hosts that `NO_PROXY` excludes from them.

httpx fails on entries of `NO_PROXY` that other programs accept, such as IPv6 networks, and its errors quote passwords.
"""

import ipaddress
import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from urllib.request import getproxies

import httpx

from aad_assets.errors import ConfigurationError

Proxies = dict[str, httpx.Proxy | None]
"""httpx's URL patterns, each with its proxy, or None for hosts that are reached directly."""

_NAME = re.compile(r"(?:[\w-]+\.)*[\w-]+", re.ASCII)


def environment_proxies(tls: ssl.SSLContext, hosts: Iterable[str] = ()) -> Proxies:
    """Return the proxies for HTTPS requests, empty if there are none. `hosts` are those that will be requested.

    A proxy that is itself reached over TLS is verified with `tls`. Raises ConfigurationError for a variable that is not the
    URL of a supported proxy.
    """
    named = getproxies()
    proxies: Proxies = {
        f"{scheme}://": _proxy(scheme, named[scheme], tls) for scheme in ("https", "all") if named.get(scheme)
    }
    entries = [entry for entry in re.split(r"[,\s]+", named.get("no", "")) if entry]
    if not proxies or "*" in entries:
        return {}
    for entry in entries:
        proxies.update(dict.fromkeys(_patterns(entry, hosts)))
    return proxies


def variable_of(scheme: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the variable, as it is set, for the proxy of `scheme`: `HTTPS_PROXY` or `https_proxy`."""
    name = f"{scheme}_proxy"
    return name if environment.get(name) else name.upper()


def create_proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    """Return the proxy at `url`. One that is reached over TLS is verified with `tls`. Raises ValueError or InvalidURL."""
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


def _proxy(scheme: str, url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    try:
        return create_proxy(url if "://" in url else f"http://{url}", tls)
    except (ValueError, httpx.InvalidURL):  # The text is not shown: it may contain a password.
        raise ConfigurationError(
            f"The environment variable {variable_of(scheme)} is not the URL of a supported proxy. "
            "Correct it, or set AAD_GATEWAY_URL."
        ) from None


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
    if _address(name):
        yield f"{scheme}://{_bracketed(name)}{port}"
    elif _NAME.fullmatch(name := name.removeprefix("*").strip(".")):
        # `localhost` has no subdomains.
        yield f"{scheme}://{'' if name.lower() == 'localhost' else '*'}{name.lower()}{port}"


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
