"""`aad-assets logout`: forget the sign-in that `aad-assets login` keeps."""

import argparse

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import environment
from aad_assets.identity.token_cache import TokenCache
from aad_assets.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    logout = subparsers.add_parser(
        "logout",
        help="forget the sign-in of a person",
        description="Remove what `aad-assets login` keeps. To end the sign-in at Microsoft as well, have the person's "
        "sessions revoked in the Entra admin centre.",
    )
    logout.set_defaults(function=_logout)


def _logout(_: argparse.Namespace) -> int:
    cache = TokenCache(Settings.from_environment({**environment(), "AAD_AUTH": "delegated"}).connection)
    print(f"Signed out: {cache.path} is removed." if cache.remove() else "Nobody was signed in.")
    return 0
