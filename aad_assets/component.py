"""`AadAssetsComponent`: one connection as a component in a `defs.yaml`, and the file that `dg scaffold defs` writes."""

import re
from typing import Any

import dagster as dg
from dagster.components.component.component import ComponentTypeSpec
from pydantic import BaseModel

from aad_assets.errors import ConfigurationError
from aad_assets.orchestration import attributes
from aad_assets.orchestration.build import build_definitions
from aad_assets.settings import check_connection_name

_YAML = """\
type: {type}

attributes:
  # Prefix of the asset keys and DuckDB schema. Each connection in a code location needs a name of its own.
  connection_name: {name}

  # The app registration. Every attribute is a value, or names a variable: {{env: NAME}}.
  # A secret is only named, never written here, and never a template: Dagster would store its value with every run.
  # A variable that is not set fails the run, and the definitions still load.
  tenant_id: {{env: {prefix}_TENANT_ID}}
  client_id: {{env: {prefix}_CLIENT_ID}}
  client_secret: {{env: {prefix}_CLIENT_SECRET}}
  # Instead of the secret:
  # client_certificate_path: /run/secrets/{name}.pem
  # federated_token_file: /var/run/secrets/azure/tokens/azure-identity-token
  # managed_identity: system

  # DuckDB file, relative to the root of the project. Several connections can share one.
  database: entra.duckdb

  # When the directory reloads. The schedules are off until you turn them on.
  schedule_cron: 0 2 * * *
  schedule_timezone: UTC

  # owners: [team:identity, someone@contoso.com]

  # Entities and columns to read, relative to this file. Write it with: aad-assets metadata export --output entities.yaml
  # connection_metadata: entities.yaml

  # All attributes: docs/component.md of aad_assets, or `dg utils inspect-component {type}`.
"""

_PYTHON = '''\
"""The connection `{name}`: a Microsoft Entra ID tenant in DuckDB."""

import dagster as dg
from aad_assets import AadAssetsComponent


@dg.component_instance
def load(context: dg.ComponentLoadContext) -> AadAssetsComponent:
    # Secrets are bound by EnvVar, so that Dagster stores the names of the variables only.
    return AadAssetsComponent(
        connection_name="{name}",
        tenant_id=dg.EnvVar("{prefix}_TENANT_ID"),
        client_id=dg.EnvVar("{prefix}_CLIENT_ID"),
        client_secret=dg.EnvVar("{prefix}_CLIENT_SECRET"),
        database="entra.duckdb",
    )
'''


class AadAssetsScaffolder(dg.Scaffolder):
    """Writes a `defs.yaml` with the settings that every connection needs. The folder's name becomes the connection's."""

    def scaffold(self, request: dg.ScaffoldRequest) -> None:
        """Write the file, or add a component to the file that the request names."""
        folder = request.target_path.parent if request.append else request.target_path
        name = _connection_name(folder.name)
        template = _PYTHON if request.scaffold_format == "python" else _YAML
        text = template.format(type=request.type_name, name=name, prefix=name.upper())
        if request.append:
            with request.target_path.open("a", encoding="utf-8") as file:
                file.write(f"---\n{text}")
            return
        file_name = "component.py" if request.scaffold_format == "python" else "defs.yaml"
        (request.target_path / file_name).write_text(text, encoding="utf-8")


def _connection_name(folder: str) -> str:
    """Return the connection name for a folder: `Contoso-EU` becomes `contoso_eu`."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")
    try:
        check_connection_name(name)
    except ConfigurationError:
        return "contoso"
    return name


@dg.scaffold_with(AadAssetsScaffolder)
class AadAssetsComponent(dg.Component, dg.Resolvable):
    """A complete, typed, verified copy of a Microsoft Entra ID tenant in DuckDB: assets, checks, jobs and schedules.

    The attributes are the settings by their field names. Each is a value, or names a variable: `{env: CONTOSO_TENANT_ID}`.
    Secrets must be named. `AAD_*` variables have no effect unless an attribute names them.
    """

    def __init__(self, **values: Any) -> None:
        """Take the attributes. Raise ConfigurationError for unknown ones, and for secrets that are not named."""
        self._attributes = attributes.parse(values)

    @classmethod
    def get_spec(cls) -> ComponentTypeSpec:
        """Return what `dg` and the UI show of the component."""
        return ComponentTypeSpec(
            description=cls.__doc__,
            tags=["microsoft", "entra", "azure", "duckdb"],
            produces=["asset", "asset_check", "job", "schedule", "resource"],
        )

    @classmethod
    def model(cls) -> type[BaseModel]:
        """Return the model of the attributes."""
        return _MODEL

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> "AadAssetsComponent":
        """Return the component that a `defs.yaml` describes. Templates are resolved, except in secrets."""
        given = {name: getattr(model, name) for name in model.model_fields_set}
        secrets = {name for name in given.keys() & attributes.FIELDS.keys() if attributes.is_secret(name)}
        return cls(**{name: value if name in secrets else context.resolve_value(value) for name, value in given.items()})

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the definitions of the connection. The executor is left to the code location."""
        folder = context.path if context.path.is_dir() else context.path.parent
        built = attributes.build(self._attributes, context.project_root, folder)
        return build_definitions(
            built.settings,
            entra=built.entra,
            warehouse=built.warehouse,
            owners=built.owners,
            problems=built.problems,
            environment={},
        )


_MODEL = attributes.attributes_model()
