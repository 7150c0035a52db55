"""`aad-assets login`: sign in as a person, show what that person can read, and store the sign-in for reloads."""

import argparse
import asyncio
import os
import queue
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from aad_assets.catalog import Entity
from aad_assets.catalog.access import missing_permissions
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import configured_entities, read_environment, read_settings
from aad_assets.commands.terminal import lines, unechoed
from aad_assets.errors import SignInError
from aad_assets.graph.probing.organization import organization_name
from aad_assets.identity.delegated import DelegatedSignIn, Flow, SignedIn, parse_pasted
from aad_assets.identity.redirect_listener import RedirectListener
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Connection
from aad_assets.transport import Transport
from aad_assets.untrusted import printable

_SIGN_IN_SECONDS = 600.0
"""Time for a person to sign in. Codes are valid no longer."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    login = subparsers.add_parser(
        "login",
        help="sign in as a person (delegated)",
        description="Sign in as a person, and store the sign-in for reloads with AAD_AUTH=delegated. Settings come from the "
        "environment and .env, as in Dagster.",
    )
    login.add_argument("--device-code", action="store_true", help="show a code to enter in a browser on another machine")
    login.add_argument("--no-browser", action="store_true", help="print the address without opening a browser")
    login.set_defaults(function=_login)


def _login(options: argparse.Namespace) -> int:
    # With other methods, AZURE_* variables may stand in for missing settings.
    settings = read_settings(AAD_AUTH="delegated")
    connection = settings.connection
    connection.check()
    transport = Transport(connection)
    sign_in = DelegatedSignIn(connection, transport)
    if options.device_code:
        signed_in = asyncio.run(_sign_in_by_device(sign_in))
    else:
        signed_in = _sign_in_by_browser(sign_in, connection, not options.no_browser)
    organization = asyncio.run(organization_name(connection, transport))
    _show(signed_in, organization, TokenCache(connection), [entity for entity in configured_entities(settings) if entity.on])
    if read_environment().get("AAD_AUTH", "").strip() != "delegated":
        print("\nSet AAD_AUTH=delegated to let reloads use this sign-in.")
    return 0


async def _sign_in_by_device(sign_in: DelegatedSignIn) -> SignedIn:
    flow = await sign_in.begin_device()
    print(flow["message"], flush=True)
    return await sign_in.finish_device(flow)


def _sign_in_by_browser(sign_in: DelegatedSignIn, connection: Connection, open_browser: bool) -> SignedIn:
    with RedirectListener(connection.redirect_url) if connection.is_loopback else nullcontext() as listener:
        flow = asyncio.run(sign_in.begin(listener.redirect_url if listener else connection.redirect_url))
        with _responses(flow, listener) as responses:
            # Printed only after echo is off, so that even a code that is pasted at once is neither shown nor cut.
            print(f"Sign in at:\n\n{flow['auth_uri']}\n")
            if listener:
                print(
                    "If this command does not continue by itself, paste the full address that the browser was redirected to:",
                    flush=True,
                )
            else:
                print(
                    "Then paste the code that is shown, or the full address that the browser was redirected to:", flush=True
                )
            if open_browser and _has_browser():
                webbrowser.open(flow["auth_uri"])
            try:
                response = responses.get(timeout=_SIGN_IN_SECONDS)
            except queue.Empty:
                response = None
        if response is None:
            raise SignInError("No code was received. Run aad-assets login again.")
        return asyncio.run(sign_in.finish(flow, response))


@contextmanager
def _responses(flow: Flow, listener: RedirectListener | None) -> Iterator["queue.SimpleQueue[dict[str, str] | None]"]:
    """Yield a queue of pasted and received responses; None means that stdin has ended and no listener is running."""
    responses: queue.SimpleQueue[dict[str, str] | None] = queue.SimpleQueue()
    if listener:
        listener.serve(flow["state"], responses.put)

    def read() -> None:
        for line in filter(None, lines(0)):
            try:
                responses.put(parse_pasted(line, flow))
            except SignInError as error:
                print(error, file=sys.stderr, flush=True)
        if not listener:
            responses.put(None)

    with unechoed(0):
        threading.Thread(target=read, daemon=True).start()
        yield responses


def _has_browser() -> bool:
    """Return whether a browser window can open. A text browser would take over the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(signed_in: SignedIn, organization: str, cache: TokenCache, entities: Sequence[Entity]) -> None:
    lacking = {entity.table: lacks for entity in entities if (lacks := missing_permissions(entity, signed_in.scopes))}
    readable = f"{len(entities) - len(lacking)} of {len(entities)} entities"
    print(printable(f"Signed in  {signed_in.name} <{signed_in.account}>"))
    print(printable(f"Tenant     {organization or 'name not readable'} ({signed_in.tenant_id})"))
    print(printable(f"Scopes     {', '.join(sorted(signed_in.scopes)) or 'none'}"))
    print(f"Readable   {readable} with these scopes; directory roles may restrict them further")
    for table, lacks in lacking.items():
        print(f"           not {table}, which needs {', '.join(lacks)}")
    print(f"Stored in  {'the keyring of this system' if cache.is_encrypted else f'{cache.path} (mode 0600)'}")
