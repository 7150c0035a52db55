"""Directory roles: definitions (built-in and custom) and who holds them where.

Names and template ids of built-in roles are Microsoft's ("Microsoft Entra built-in roles").
"""

import base64
from functools import cached_property
from hashlib import blake2b

from .chance import guid, number
from .context import Context
from .edges import edge, target
from .objects import Objects
from .people import People
from .principals import Principals
from .rendering import Object, Plain
from .units import Units
from .well_known import ADMINISTRATORS, HELPDESK

Grant = tuple[int, int, str]
"""A role, a principal's key, a scope."""

_BUILT_IN = (
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"),
    ("cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer"),
    ("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"),
    ("69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"),
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"),
    ("b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator"),
    ("4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator"),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"),
    ("f023fd81-a637-4b56-95fd-791ac0226033", "Service Support Administrator"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter"),
    ("17315797-102d-40b4-93e0-432062caca18", "Compliance Administrator"),
    ("7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator"),
    ("8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Hybrid Identity Administrator"),
    ("0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator"),
    ("e3973bdf-4987-49ae-837a-ba8e231c7286", "Azure DevOps Administrator"),
    ("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "Message Center Reader"),
    ("10dae51f-b6af-4016-8d66-8c2a99b929b3", "Guest User"),
    ("a0b1b346-4d3e-4e8b-98f8-753987be4970", "User"),
)
_CUSTOM = ("Read app credentials", "Manage group licences", "Register devices")
_ACTIONS = (
    "applications/credentials/update",
    "groups.security/members/update",
    "users/basic/read",
    "devices/create",
)
_NOT_ASSIGNABLE = ("Guest User", "User", "Directory Readers", "Directory Writers")


class Roles:
    """Role definitions and assignments on one day."""

    def __init__(self, context: Context, people: People, principals: Principals, units: Units, objects: Objects) -> None:
        self._context, self._people, self._principals = context, people, principals
        self._units, self._objects = units, objects
        self.definitions = Plain(
            "unifiedRoleDefinition",
            lambda: range(len(_BUILT_IN) + len(_CUSTOM)),
            self._definition,
            self._definition_key,
        )
        self.assignments = Plain(
            "unifiedRoleAssignment", lambda: range(len(self._assignments)), lambda key: self._assignments[key]
        )
        self.active_ids = context.ids("directoryRole")
        self.templates = Plain("directoryRoleTemplate", lambda: range(len(_BUILT_IN)), self._template, self._template_key)
        self.active = Plain("directoryRole", lambda: self._active, self._active_role, self._active_key)

    def _definition_key(self, id_: str) -> int | None:
        return next((key for key in range(len(_BUILT_IN) + len(_CUSTOM)) if self.definition_id(key) == id_.lower()), None)

    def definition_id(self, key: int) -> str:
        """The id of a role definition; for built-in roles the template's."""
        if key < len(_BUILT_IN):
            return _BUILT_IN[key][0]
        return guid(self._context.seed, "custom role", key)

    def _definition(self, key: int) -> Object:
        built_in = key < len(_BUILT_IN)
        name = _BUILT_IN[key][1] if built_in else _CUSTOM[key - len(_BUILT_IN)]
        # A custom role is edited every fifth day.
        revision = 0 if built_in else (self._context.day + key) // 5
        actions = [f"microsoft.directory/{_ACTIONS[(key + n) % 4]}" for n in range(1 + (key + revision) % 3)]
        return {
            "id": self.definition_id(key),
            "description": f"{name}: what holders may do is listed in rolePermissions.",
            "displayName": name,
            "isBuiltIn": built_in,
            "isEnabled": True,
            "resourceScopes": ["/"],
            "rolePermissions": [
                {
                    "allowedResourceActions": actions,
                    "excludedResourceActions": [],
                    "condition": "$ResourceIsSelf" if key % 9 == 3 else None,
                }
            ],
            "templateId": self.definition_id(key),
            "version": "1" if built_in else str(1 + revision),
        }

    def template(self, name: str) -> str:
        """The id of a built-in role."""
        return self.definition_id(self._role(name))

    def _role(self, name: str) -> int:
        return next(key for key, (_, each) in enumerate(_BUILT_IN) if each == name)

    @property
    def assignable(self) -> list[int]:
        """The built-in roles that can be given to someone."""
        return [key for key, (_, name) in enumerate(_BUILT_IN) if name not in _NOT_ASSIGNABLE]

    @cached_property
    def standing(self) -> list[Grant]:
        """Role, principal and scope of each standing assignment: at '/', at an administrative unit, at an application."""
        context, people, day, seed = self._context, self._people, self._context.day, self._context.seed
        found: set[Grant] = {
            (self._role("Global Administrator"), edge("user", 0), "/"),
            (self._role("Global Administrator"), edge("user", 1), "/"),
            (self._role("Privileged Role Administrator"), edge("group", ADMINISTRATORS), "/"),
            (self._role("Helpdesk Administrator"), edge("group", HELPDESK), "/"),
        }
        for key in self._principals.sample(3, 1):
            found.add((self._role("Global Reader"), edge("servicePrincipal", key), "/"))
        assignable = self.assignable
        count = min(400, 12 + people.population.base // 250)
        for place in range(count):
            # Each assignment changes hands every 30 days or so, each on a day of its own.
            term = (day + number(seed, "term", place) % 30) // 30
            traits = number(seed, "assignment", place, term)
            role = assignable[traits % len(assignable)]
            user = people.someone((traits >> 8) % people.population.base)
            scope = "/"
            if place % 4 == 3:
                scope = f"/administrativeUnits/{self._units.ids.guid(traits >> 40 & 1)}"
            elif place % 11 == 5:
                scope = f"/{context.ids('application').guid(0)}"
            found.add((role, edge("user", user), scope))
        for place in range(len(_CUSTOM)):
            found.add((len(_BUILT_IN) + place, edge("user", people.someone(place * 3 + 1)), "/"))
        return sorted(found)

    @cached_property
    def eligible(self) -> list[Grant]:
        """Who may activate which role where; each place changes hands every 60 days or so."""
        context, people, roles = self._context, self._people, self.assignable
        found: dict[Grant, None] = {(roles[0], edge("group", HELPDESK), "/"): None}
        for place in range(min(400, 10 + people.population.base // 200)):
            term = (context.day + number(context.seed, "eligible term", place) % 60) // 60
            traits = number(context.seed, "eligible", place, term)
            unit = f"/administrativeUnits/{self._units.ids.guid(traits >> 40 & 1)}"
            user = edge("user", people.someone((traits >> 8) % people.population.base))
            found[roles[traits % len(roles)], user, unit if place % 6 == 5 else "/"] = None
        return list(found)

    @cached_property
    def activated(self) -> list[Grant]:
        """The eligible users who have activated their role today: a third, others every day."""
        users = [grant for grant in self.eligible if target(grant[1])[0] == "user"]
        return [grant for place, grant in enumerate(users) if (place + self._context.day) % 3 == 0]

    @cached_property
    def held(self) -> list[Grant]:
        """All assignments of today: the standing ones, and those activated from an eligibility."""
        return sorted({*self.standing, *self.activated})

    @cached_property
    def _assignments(self) -> list[Object]:
        """Sorted by id, as nothing else orders them."""
        return sorted((self._assignment(*each) for each in self.held), key=lambda row: str(row["id"]))

    def assignment_id(self, role: int, principal: int, scope: str) -> str:
        """The id of a role assignment."""
        hash_ = blake2b(f"{self._context.seed}|{role}|{principal}|{scope}".encode(), digest_size=32).digest()
        return base64.urlsafe_b64encode(hash_).decode().rstrip("=")

    def _assignment(self, role: int, principal: int, scope: str) -> Object:
        return {
            "id": self.assignment_id(role, principal, scope),
            "appScopeId": None,
            "condition": "@Resource.Type -eq 'user'" if role == len(_BUILT_IN) else None,
            "directoryScopeId": scope,
            "principalId": self._objects.id_of(*target(principal)),
            "principalOrganizationId": self._context.tenant_id,
            "roleDefinitionId": self.definition_id(role),
        }

    def _template_key(self, id_: str) -> int | None:
        return next((key for key, (each, _) in enumerate(_BUILT_IN) if each == id_.lower()), None)

    def _template(self, key: int) -> Object:
        id_, name = _BUILT_IN[key]
        return {"id": id_, "deletedDateTime": None, "description": f"What a {name} may do.", "displayName": name}

    @cached_property
    def _active(self) -> list[int]:
        """The roles that somebody has held at some time: a role is activated with its first assignment."""
        return sorted({role for role, _, _ in self.held if role < len(_BUILT_IN)} | {0, 1, 2, 18})

    def _active_key(self, id_: str) -> int | None:
        key = self.active_ids.index(id_)
        return key if key in self._active else None

    def _active_role(self, key: int) -> Object:
        return {**self._template(key), "id": self.active_ids.guid(key), "roleTemplateId": _BUILT_IN[key][0]}

    def members(self, key: int) -> list[int]:
        """Keys of those who hold a role over the whole directory."""
        return sorted({principal for role, principal, scope in self.held if role == key and scope == "/"})

    def scoped(self, unit: int) -> Plain:
        """The scopedRoleMemberships of an administrative unit."""
        unit_id = self._units.ids.guid(unit)
        grants = [each for each in self.held if each[2] == f"/administrativeUnits/{unit_id}"]

        def make(place: int) -> Object:
            role, principal, scope = grants[place]
            type_, index = target(principal)
            return {
                "id": self.assignment_id(role, principal, scope)[:32],
                "administrativeUnitId": unit_id,
                "roleId": self.active_ids.guid(role),
                "roleMemberInfo": {
                    "id": self._objects.id_of(type_, index),
                    "displayName": self._objects.name_of(type_, index),
                },
            }

        return Plain("scopedRoleMembership", lambda: range(len(grants)), make)
