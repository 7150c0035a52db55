"""The settings in the environment: `AAD_*`, and the `AZURE_*` variables of workload identity federation.

Reading does not fail when credentials are missing, so that the UI always opens. `Connection.check` reports them when a run
starts.
"""

import math
import os
import re
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from aad_assets.errors import ConfigurationError
from aad_assets.settings.connection import Connection, wrong_settings
from aad_assets.settings.database import check_connection_name, check_database_name, check_serving_copy
from aad_assets.settings.declaration import (
    CLOUDS,
    CREDENTIALS,
    AlertFields,
    DatabaseFields,
    DefinitionFields,
    declared,
    variable,
)
from aad_assets.settings.targets import absolute, resolve_database
from aad_assets.settings.unknown import unknown_variables

# Workload identity federation, as Kubernetes and Microsoft's own tools set it.
_AZURE = {
    "tenant_id": "AZURE_TENANT_ID",
    "client_id": "AZURE_CLIENT_ID",
    "federated_token_file": "AZURE_FEDERATED_TOKEN_FILE",
    "authority_url": "AZURE_AUTHORITY_HOST",
}

_PATHS = ("serving_copy", "connection_metadata")

_LONGEST_NUMBER = 30

_NUMBERS: dict[type[float], str] = {float: "a number such as 0.5", int: "a whole number", bool: "true or false"}

_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


class Settings(AlertFields, DatabaseFields, DefinitionFields):
    """All settings of one connection: what to read, where to land it, and when."""

    connection: Connection = Connection()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `AAD_*` variables. Raise ConfigurationError if one cannot be used, with everything else that is wrong."""
        settings, problems = cls.read(environment)
        if problems:
            raise wrong_settings([*problems, *settings.connection.problems(), *unknown_variables(environment)])
        return settings

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> tuple["Settings", list[str]]:
        """Read the `AAD_*` variables. Return the settings, and a sentence for each value that cannot be used.

        The default stands for a number or a connection name that cannot be used. `Connection.problems` finds what is missing
        or wrong in the connection.
        """
        given = _given(environment, declared(Connection))
        problems: list[str] = []
        # The connection is first, because it remembers the secrets that no message may repeat.
        values = _numbers(Connection, {**given, **_federation(environment, given)}, problems)
        if cache := given.get("token_cache"):
            values["token_cache"] = absolute(cache)
        connection = Connection.model_validate(values)
        own = _numbers(cls, _given(environment, declared(cls)), problems)
        settings = cls.model_validate({"connection": connection, **own}).with_absolute_paths()
        problems += settings.problems()
        if _complaint(check_connection_name, settings.connection_name):
            settings = settings.model_copy(update={"connection_name": cls().connection_name})
        return settings, problems

    def problems(self) -> list[str]:
        """Return a sentence for each value that cannot be used, except those of the connection."""
        name = self.connection_name
        if bad_name := _complaint(check_connection_name, name):
            return [bad_name, *self.invalid()]
        names = [_complaint(check_database_name, self.database, name)]
        if self.serving_copy:
            names.append(_complaint(check_serving_copy, self.serving_copy, self.database, name))
        return [*filter(None, names), *self.invalid()]

    def resolved(self) -> "Settings":
        """Return the settings with absolute paths. Raise ConfigurationError for values that cannot be used."""
        settings = self.with_absolute_paths()
        if problems := settings.problems():
            raise wrong_settings(problems)
        return settings

    def with_absolute_paths(self) -> "Settings":
        """Return the settings with absolute paths, because runs may start in another folder."""
        paths = {name: absolute(path) if (path := getattr(self, name)) else "" for name in _PATHS}
        return self.model_copy(update={"database": resolve_database(self.database), **paths})


def _complaint(check: Callable[..., None], *values: str) -> str:
    """Return the message of a check that fails, or an empty string."""
    try:
        check(*values)
    except ConfigurationError as error:
        return str(error)
    return ""


def _given(environment: Mapping[str, str], names: Mapping[str, object]) -> dict[str, str]:
    """Return the environment's values for the fields `names`, by name. An empty variable counts as not set."""
    found = {name: environment.get(variable(name), "").strip() for name in names}
    return {name: value for name, value in found.items() if value}


def _numbers(fields: type[BaseModel], values: Mapping[str, str], problems: list[str]) -> dict[str, str | float]:
    """Return the values with numbers in place of their text. Leave out those that are none, and add them to `problems`."""
    converted: dict[str, str | float] = {}
    for name, text in values.items():
        default = fields.model_fields[name].default
        if not isinstance(default, int | float):
            converted[name] = text
        elif (number := _number(text, type(default))) is not None:
            converted[name] = number
        else:
            shown = text if len(text) <= _LONGEST_NUMBER else f"{text[:_LONGEST_NUMBER]}…"
            problems.append(f"{variable(name)} is {shown!r}. Set it to {_NUMBERS[type(default)]}.")
    return converted


def _number(text: str, type_: type[float]) -> float | None:
    """Return a finite number; None for other text, also for what only Python reads as a number, such as 1_000 and nan.

    A boolean is a number, as in Python.
    """
    if type_ is bool:
        return _BOOLEANS.get(text.lower())
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text) or len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = type_(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _federation(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return what the AZURE_* variables add to the fields in `given`, unless those choose another way to sign in.

    The host of a known cloud stands for that cloud, so that the address of Graph follows.
    """
    method = given.get("auth") or next((each for each, field in CREDENTIALS.items() if field in given), "workload_identity")
    azure = {name: environment.get(variable_, "").strip() for name, variable_ in _AZURE.items()}
    if method != "workload_identity" or not (azure["federated_token_file"] or given.get("federated_token_file")):
        return {}
    host = azure.pop("authority_url").rstrip("/")
    if host and "cloud" not in given and "authority_url" not in given:
        cloud = next((cloud for cloud, (login, _) in CLOUDS.items() if login == host), "")
        azure |= {"cloud": cloud} if cloud else {"authority_url": host}
    return {name: value for name, value in azure.items() if value and name not in given}
