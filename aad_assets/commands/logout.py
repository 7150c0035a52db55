"""`aad-assets logout`: delete the sign-in that `aad-assets login` stored."""

import argparse

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import read_settings
from aad_assets.identity.token_cache import TokenCache


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    logout = subparsers.add_parser(
        "logout",
        help="delete the stored sign-in of a person",
        description="Delete the sign-in that `aad-assets login` stored. To end it at Microsoft as well, revoke the person's "
        "sessions in the Entra admin centre.",
    )
    logout.set_defaults(function=_logout)


def _logout(_: argparse.Namespace) -> int:
    cache = TokenCache(read_settings(AAD_AUTH="delegated").connection)
    print(f"Signed out: {cache.path} was deleted." if cache.remove() else "Nobody was signed in.")
    return 0
