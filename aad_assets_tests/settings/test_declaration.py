"""The declaration of the settings: complete, documented, and the same in every class that inherits it."""

from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from aad_assets.orchestration import EntraResource, WarehouseResource
from aad_assets.settings import Connection, ConnectionFields, DatabaseFields, Settings, variable
from aad_assets.settings.declaration import DefinitionFields, all_settings, declared
from tools.reference import ROOT


@pytest.mark.parametrize("fields", [ConnectionFields, DatabaseFields, DefinitionFields])
def test_every_setting_is_declared_in_full(fields: type[ConnectionFields | DatabaseFields | DefinitionFields]) -> None:
    declarations = declared(fields)
    assert declarations.keys() == fields.model_fields.keys()
    for name, setting in declarations.items():
        assert setting.variable == variable(name)
        assert setting.description
        assert not setting.description.endswith(".")
        assert str(fields.model_fields[name].description) == f"{setting.description} ({setting.variable})."


def test_the_page_about_settings_describes_each_one() -> None:
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    assert all(f"| `{setting.variable}` |" in page for setting in all_settings())


def test_every_default_passes_its_check() -> None:
    for name, setting in declared(Connection).items():
        default = Connection.model_fields[name].default
        assert setting.check is None or default == "" or setting.check(default) is None


@pytest.mark.parametrize("model", [Connection, Settings, EntraResource, WarehouseResource])
def test_a_misspelt_field_is_rejected(model: type[Any]) -> None:
    with pytest.raises((ValidationError, dg.DagsterInvalidInvocationError), match="tenant_name"):
        model(tenant_name="contoso.example")


def test_a_connection_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Connection().tenant_id = "contoso.example"
