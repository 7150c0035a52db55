"""Small collections under one object: federated credentials, permission classifications, people of a device.

Members, owners and assignments are made where their parents are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .applications import SHOWCASE
from .chance import guid, number, spread
from .edges import edges
from .principals import GRAPH
from .rendering import Object, Plain

if TYPE_CHECKING:
    from .directory import Directory

_ISSUERS = (
    ("https://token.actions.githubusercontent.com", "repo:contoso/app-{0}:ref:refs/heads/main", "github-main"),
    ("https://kubernetes.default.svc.cluster.local", "system:serviceaccount:app-{0}:default", "cluster"),
    ("https://gitlab.example", "project_path:contoso/app-{0}:ref_type:branch:ref:main", "gitlab-main"),
)


def federated_credentials(directory: "Directory", app: int) -> Plain:
    """Of one app in three: trust in the tokens of another issuer; a changed app has a new description."""
    traits = number(directory.seed, "federated", app)
    count = 2 if app == SHOWCASE else 1 + traits % 2 if traits >> 4 & 3 == 0 else 0
    moves = directory.applications.population.moves.get(app, 0)

    def make(place: int) -> Object:
        issuer, subject, name = _ISSUERS[(traits + place) % len(_ISSUERS)]
        return {
            "id": guid(directory.seed, "federated", app, place),
            "audiences": ["api://AzureADTokenExchange"],
            "description": f"Deployment (change {moves})" if moves else "Deployment" if place == 0 else None,
            "issuer": issuer,
            "name": name,
            "subject": subject.format(app),
        }

    return Plain("federatedIdentityCredential", lambda: range(count), make)


def classifications(directory: "Directory", principal: int) -> Plain:
    """Which delegated permissions count as low, medium or high: of Microsoft Graph and of one own app in eight."""
    scopes = directory.principals.scopes(principal)
    if principal != GRAPH and spread(principal, directory.seed) % 8:
        scopes = []

    def make(place: int) -> Object:
        scope = scopes[place]
        later = (directory.day + 5) // 15 if place % 4 == 3 else 0
        return {
            "id": guid(directory.seed, "classification", principal, place).replace("-", "")[:22],
            "classification": ("low", "low", "medium", "high")[(place + later) % 4],
            "permissionId": scope["id"],
            "permissionName": scope["value"],
        }

    return Plain("delegatedPermissionClassification", lambda: range(len(scopes)), make)


def registered_owners(directory: "Directory", device: int) -> Sequence[int]:
    """One user; a shared device has none."""
    return [] if device % 16 == 5 else edges("user", [directory.devices.owner(device)])


def registered_users(directory: "Directory", device: int) -> Sequence[int]:
    """The owner; a shared device has several users."""
    owner = directory.devices.owner(device)
    if device % 16 != 5:
        return edges("user", [owner])
    return edges("user", sorted({owner, *(directory.people.someone(owner + n) for n in range(1, 4))}))


def manager(directory: "Directory", user: int) -> Sequence[int]:
    """The manager, if there is one."""
    found = directory.people.manager(user)
    return [] if found is None else edges("user", [found])
