"""The attributes of the component: the settings by their field names, from a `defs.yaml` or from code.

Each is a value, or names a variable: `{env: CONTOSO_SECRET}`. Secrets are only named, because Dagster resolves a template at
load and stores the result with every run. See also `aad_assets.component`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema, create_model
from pydantic.fields import FieldInfo

from aad_assets.errors import ConfigurationError
from aad_assets.orchestration.resources import BOUND_BY_VALUE, EntraResource, WarehouseResource
from aad_assets.settings import AlertFields, ConnectionFields, DatabaseFields, Settings, check_connection_name, is_file
from aad_assets.settings.declaration import GROUPS, Declared, DefinitionFields
from aad_assets.settings.targets import passwords_in

_ENV = {
    "type": "object",
    "properties": {"env": {"type": "string", "description": "The environment variable that holds the value."}},
    "required": ["env"],
    "additionalProperties": False,
}
_TEXT = {"type": "string"}
_TEMPLATE = {"type": "string", "pattern": r"\{\{.*\}\}"}
_NUMBERS = {float: {"type": "number"}, int: {"type": "integer"}, bool: {"type": "boolean"}}

_FILES = ("database", "serving_copy", "client_certificate_path", "federated_token_file", "ca_bundle", "token_cache")
"""Attributes that are paths, relative to the root of the project. `connection_metadata` is relative to the `defs.yaml`."""

_OF_DEFINITIONS = DefinitionFields.model_fields.keys() | AlertFields.model_fields.keys()
"""Attributes that are part of no resource: Dagster stores none of them."""

FIELDS: dict[str, FieldInfo] = {name: info for group in GROUPS for name, info in group.model_fields.items()}
"""The settings that are attributes."""


@dataclass(frozen=True)
class Named:
    """A value that an environment variable holds."""

    variable: str


@dataclass
class Built:
    """The parts of a connection, and sentences about the variables that cannot be used."""

    settings: Settings
    entra: EntraResource
    warehouse: WarehouseResource
    owners: list[str]
    problems: list[str] = field(default_factory=list)


def is_secret(name: str) -> bool:
    """Return whether the value of an attribute must not be in a file."""
    extra = FIELDS[name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("dagster__is_secret"))


def attributes_model() -> type[BaseModel]:
    """Return the model that describes the attributes to Dagster and to editors.

    It takes every value, because Dagster's message about a value that does not fit would quote it, even a secret. `parse`
    checks the values. The schema is strict, so `dg check yaml` finds mistakes.
    """
    fields: dict[str, Any] = {}
    for name, info in FIELDS.items():
        description = next(each.description for each in info.metadata if isinstance(each, Declared))
        schema = {"description": f"{description}.", **_schema(name, info)}
        shown = Field(default=info.default, json_schema_extra=None if info.default else _without_default)
        fields[name] = (Annotated[Any, WithJsonSchema(schema)], shown)
    return create_model(
        "AadAssetsAttributes",
        __config__=ConfigDict(extra="allow", json_schema_extra=_strict),
        **fields,
    )


def _strict(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


def _schema(name: str, info: FieldInfo) -> dict[str, Any]:
    """Return the JSON schema of an attribute."""
    if is_secret(name):
        return _ENV
    if name == "owners":
        return {"anyOf": [{"type": "array", "items": _TEXT}, _TEXT, _ENV]}
    if type(info.default) in _NUMBERS:
        return {"anyOf": [_NUMBERS[type(info.default)], _TEMPLATE, _ENV]}
    return {"anyOf": [_TEXT, _ENV]}


def parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are set, with a `Named` for each that names a variable.

    Raise ConfigurationError for attributes that do not exist, and for secrets. The message never quotes a value.
    """
    if unknown := sorted(given.keys() - FIELDS.keys()):
        raise ConfigurationError(
            f"aad_assets.AadAssetsComponent has no attribute {', '.join(unknown)}. The attributes are {', '.join(FIELDS)}."
        )
    parsed = {name: _named(name, value) for name, value in given.items() if value is not None and value != ""}
    for name, value in parsed.items():
        if not isinstance(value, Named) and (is_secret(name) or (name == "database" and _holds_password(value))):
            raise ConfigurationError(
                f"The attribute {name} must name an environment variable, not contain the value, because Dagster stores what "
                f"is written here. Write `{name}: {{env: CONTOSO_{name.upper()}}}`, without a template, and set that "
                "variable where Dagster runs."
            )
    return parsed


def _named(name: str, value: Any) -> Any:
    if isinstance(value, dg.EnvVar):
        return Named(value.env_var_name)
    if not isinstance(value, Mapping):
        return value
    variable = value.get("env")
    if value.keys() != {"env"} or not isinstance(variable, str) or not re.fullmatch(r"[A-Za-z_]\w*", variable, re.ASCII):
        raise ConfigurationError(f"The attribute {name} must be a value, or name a variable: `{name}: {{env: NAME}}`.")
    return Named(variable)


def _holds_password(database: Any) -> bool:
    text = str(database)
    return not is_file(text) and bool(passwords_in(text) or re.search(r"://[^/\s]*:[^/\s]*@", text))


def build(parsed: Mapping[str, Any], root: Path, folder: Path) -> Built:
    """Return the settings and resources that attributes describe. Variables that are not set become problems of the run.

    Text in the resources is bound as an `EnvVar`, so that Dagster stores the variable's name. Everything else is read now.
    Paths are relative to `root`, that of the metadata file to `folder`.
    """
    problems: list[str] = []
    bound: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, value in parsed.items():
        by_value = name in _OF_DEFINITIONS or name in BOUND_BY_VALUE or type(FIELDS[name].default) is not str
        if not isinstance(value, Named):
            values[name] = _typed(name, _absolute(name, value, root, folder))
        elif not by_value:
            bound[name] = dg.EnvVar(value.variable)
        elif text := os.environ.get(value.variable, "").strip():
            try:
                values[name] = _typed(name, _absolute(name, text, root, folder))
            except ConfigurationError as error:
                problems.append(f"{error} It is the value of {value.variable}.")
        else:
            problems.append(f"The attribute {name} reads {value.variable}, which is not set. Set it where Dagster runs.")
    if isinstance(named := parsed.get("connection_name"), Named):
        _check_variable_of_name(named.variable, values, problems)
    owners = values.pop("owners", [])
    of_resources = values | bound
    entra = EntraResource(**_part(ConnectionFields, of_resources))
    warehouse = WarehouseResource(**{"database": str(root / "entra.duckdb"), **_part(DatabaseFields, of_resources)})
    if isinstance(database := parsed.get("database"), Named) and os.environ.get(database.variable):
        values["database"] = os.environ[database.variable]
    defaults = {"database": str(root / "entra.duckdb")}
    settings = Settings(**defaults | _part(Settings, values))
    return Built(settings, entra, warehouse, owners, problems)


def _check_variable_of_name(variable: str, values: dict[str, Any], problems: list[str]) -> None:
    """Replace a connection name from a variable by that of the variable if it cannot be used, so that definitions load."""
    try:
        if name := values.get("connection_name"):
            check_connection_name(name)
            return
    except ConfigurationError as error:
        problems.append(f"{error} It is the value of {variable}.")
    values["connection_name"] = re.sub(r"^[^a-z]+", "", f"{variable.lower()}_is_not_valid")


def _part(fields: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in fields.model_fields}


def _absolute(name: str, value: Any, root: Path, folder: Path) -> Any:
    if not isinstance(value, str) or value.startswith("~"):
        return value
    if name == "connection_metadata":
        return str(folder / value)
    return str(root / value) if name in _FILES and is_file(value) else value


def _typed(name: str, value: Any) -> Any:
    """Return a value as its field takes it. Raise ConfigurationError if it is of another type."""
    if name == "owners":
        owners = value.split(",") if isinstance(value, str) else value
        if not isinstance(owners, list) or not all(isinstance(owner, str) for owner in owners):
            raise ConfigurationError("The attribute owners must be a list of email addresses and teams (`team:identity`).")
        return [owner.strip() for owner in owners if owner.strip()]
    try:
        return TypeAdapter(type(FIELDS[name].default)).validate_python(value)
    except ValidationError as error:
        reason = error.errors(include_input=False)[0]["msg"]
        raise ConfigurationError(f"The attribute {name} is wrong: {reason}.") from None
