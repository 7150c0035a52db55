"""`aad-assets login`: sign in as a person, see what that person can read, and keep the sign-in for the reloads.

Not here: the protocol (`aad_assets.identity.delegated`).
"""

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
from aad_assets.catalog.delegated_scopes import missing_permissions
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import configured, environment
from aad_assets.commands.terminal import lines, unechoed
from aad_assets.errors import SignInError
from aad_assets.graph.probing.organization import organization_name
from aad_assets.identity.delegated import DelegatedSignIn, Flow, SignedIn, parse_pasted
from aad_assets.identity.redirect_listener import RedirectListener
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Connection, Settings
from aad_assets.transport import Transport

_PATIENCE = 600.0
"""Seconds for a person to sign in: codes live no longer."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    login = subparsers.add_parser(
        "login",
        help="sign in as a person (delegated)",
        description="Sign in as a person and keep the sign-in for reloads with AAD_AUTH=delegated. Settings come from the "
        "environment and .env, as for Dagster.",
    )
    login.add_argument("--device-code", action="store_true", help="for a machine without a browser: enter a code elsewhere")
    login.add_argument("--no-browser", action="store_true", help="print the address without opening it")
    login.set_defaults(function=_login)


def _login(options: argparse.Namespace) -> int:
    found = environment()
    # Read as delegated from the start: for other ways, AZURE_* variables may stand for missing settings.
    chosen = Settings.from_environment({**found, "AAD_AUTH": "delegated"})
    connection = chosen.connection
    connection.check()
    transport = Transport(connection)
    sign_in = DelegatedSignIn(connection, transport)
    if options.device_code:
        signed_in = asyncio.run(_by_device(sign_in))
    else:
        signed_in = _by_code(sign_in, connection, not options.no_browser)
    organization = asyncio.run(organization_name(connection, transport))
    _show(signed_in, organization, TokenCache(connection), [entity for entity in configured(chosen) if entity.on])
    if found.get("AAD_AUTH", "").strip() != "delegated":
        print("\nSet AAD_AUTH=delegated, so that reloads use this sign-in.")
    return 0


async def _by_device(sign_in: DelegatedSignIn) -> SignedIn:
    flow = await sign_in.begin_device()
    print(flow["message"], flush=True)
    return await sign_in.finish_device(flow)


def _by_code(sign_in: DelegatedSignIn, connection: Connection, browse: bool) -> SignedIn:
    with RedirectListener(connection.redirect_url) if connection.is_loopback else nullcontext() as listener:
        flow = asyncio.run(sign_in.begin(listener.redirect_url if listener else connection.redirect_url))
        with _answers(flow, listener) as answers:
            # Within: what is pasted as soon as this is printed is not shown either, nor cut.
            print(f"Sign in at:\n\n{flow['auth_uri']}\n")
            print("Then paste the code that is shown, or the whole address that the browser was sent to", end="")
            print(", unless it is caught by itself:" if listener else ":", flush=True)
            if browse and _has_browser():
                webbrowser.open(flow["auth_uri"])
            try:
                answer = answers.get(timeout=_PATIENCE)
            except queue.Empty:
                answer = None
        if answer is None:
            raise SignInError("No code came: run aad-assets login again.")
        return asyncio.run(sign_in.finish(flow, answer))


@contextmanager
def _answers(flow: Flow, listener: RedirectListener | None) -> Iterator["queue.SimpleQueue[dict[str, str] | None]"]:
    """What is pasted or caught, whichever comes first; None when there is nobody to paste."""
    answers: queue.SimpleQueue[dict[str, str] | None] = queue.SimpleQueue()
    if listener:
        listener.serve(flow["state"], answers.put)

    def read() -> None:
        for line in filter(None, lines(0)):
            try:
                answers.put(parse_pasted(line, flow))
            except SignInError as error:
                print(error, file=sys.stderr, flush=True)
        if not listener:
            answers.put(None)

    with unechoed(0):
        threading.Thread(target=read, daemon=True).start()
        yield answers


def _has_browser() -> bool:
    """Whether a window can open; a browser of the terminal would take the terminal away."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(signed_in: SignedIn, organization: str, cache: TokenCache, entities: Sequence[Entity]) -> None:
    lacking = {entity.table: lacks for entity in entities if (lacks := missing_permissions(entity, signed_in.scopes))}
    readable = f"{len(entities) - len(lacking)} of {len(entities)} entities"
    print(f"Signed in  {signed_in.name} <{signed_in.account}>")
    print(f"Tenant     {organization or 'name not readable'} ({signed_in.tenant_id})")
    print(f"Scopes     {', '.join(sorted(signed_in.scopes)) or 'none'}")
    print(f"Readable   {readable} by these scopes; directory roles may narrow it")
    for table, lacks in lacking.items():
        print(f"           not {table}: it needs {', '.join(lacks)}")
    print(f"Kept in    {'the keyring of this system' if cache.is_encrypted else f'{cache.path} (mode 0600)'}")
