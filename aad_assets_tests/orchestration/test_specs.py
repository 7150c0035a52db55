"""Groups, tags, owners and descriptions of assets, which tell them apart and find them in Dagster."""

import subprocess
import sys

import dagster as dg
import pytest

import aad_assets
from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.orchestration import build_definitions
from aad_assets.orchestration.specs import asset_spec
from aad_assets.orchestration.views import view_spec
from aad_assets.settings import Settings


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_each_permission_and_the_licence_are_tags(entity: Entity) -> None:
    tags = asset_spec("contoso", entity).tags

    assert tags["connection"] == "contoso"
    assert {key for key in tags if key.startswith("aad.permission/")} == {
        f"aad.permission/{permission}" for permission in entity.permissions
    }
    assert tags.get("aad/licence", "").replace("_", " ") == str(entity.licence or "")


def test_a_permission_selects_the_tables_that_need_it() -> None:
    definitions = build_definitions(environment={})
    graph = definitions.get_repository_def().asset_graph

    for tag, value, table in (
        ("aad.permission/AuditLog.Read.All", "", "user_registration_details"),
        ("aad/licence", "Microsoft_Entra_ID_P2", "risky_users"),
    ):
        found = {key.path[-1] for key in dg.AssetSelection.tag(tag, value).resolve(graph)}
        assert table in found
        assert "users" not in found


def test_groups_and_tags_tell_connections_apart() -> None:
    first, second = (build_definitions(Settings(connection_name=name), environment={}) for name in ("aad", "contoso"))
    repository = dg.Definitions.merge(first, second).get_repository_def()
    specs = [spec for assets in repository.assets_defs_by_key.values() for spec in assets.specs]

    assert {spec.group_name for spec in specs if spec.key.path[0] == "aad"} >= {"access", "logs"}
    for spec in specs:
        assert spec.tags["connection"] == spec.key.path[0]
        assert str(spec.group_name).startswith("contoso_") is (spec.key.path[0] == "contoso")


def test_the_settings_name_owners_and_an_invalid_one_fails_the_run() -> None:
    environment = {"AAD_OWNERS": " team:identity, nobody ,ada@contoso.com"}
    definitions = build_definitions(owners=["team:audit"], environment=environment)

    for spec in definitions.resolve_all_asset_specs():
        assert spec.owners == ["team:audit", "team:identity", "ada@contoso.com"]
    with pytest.raises(dg.Failure, match=r"AAD_OWNERS contains 'nobody'\. An owner must be an email address"):
        definitions.resolve_job_def("reload_directory").execute_in_process()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_shows_its_definition_and_labels_the_example(view: View) -> None:
    before, example, definition = str(view_spec("contoso", view, CATALOG).description).split("\n\n**")

    assert view.description in before
    assert example.startswith("Example query:**")
    assert view.query_on("contoso") in example
    assert definition == f"Definition of the view:**\n\n```sql\n{view.select('contoso')}\n```"
    assert '"contoso".' in definition


def test_public_names_are_imported_on_first_use() -> None:
    code = (
        "import sys, aad_assets; assert not {'dagster', 'pandas'} & sys.modules.keys(); "
        "from aad_assets import build_definitions; assert 'dagster' in sys.modules and 'pandas' not in sys.modules; "
        "print(build_definitions.__module__)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert result.stdout == "aad_assets.orchestration.build\n", result.stderr
    assert set(aad_assets.__all__) <= set(dir(aad_assets))
    for name in aad_assets.__all__:
        assert getattr(aad_assets, name)
    with pytest.raises(AttributeError, match="build_definition'"):
        _ = aad_assets.build_definition


def test_an_asset_links_to_the_tables_whose_ids_it_has_without_waiting_for_them() -> None:
    spec = asset_spec("contoso", CATALOG["role_assignments"], {"users", "role_definitions", "role_assignments"})

    assert "- `principalId` is the `id` of [users](users)\n" in str(spec.description)
    assert "- `roleDefinitionId` is the `id` of [role_definitions](role_definitions)" in str(spec.description)
    assert "groups" not in str(spec.description), "it is off"
    assert {name: value.value for name, value in spec.metadata.items() if name.startswith("refers_to/")} == {
        f"refers_to/{table}": dg.AssetKey(["contoso", table]) for table in ("users", "role_definitions")
    }
    assert not list(spec.deps)
    for table, target in (("user_sign_in_activity", "users"), ("conditional_access_policies", "named_locations")):
        assert f"[{target}]({target})" in str(asset_spec("aad", CATALOG[table]).description)
