"""The connection metadata: what a file decides, and every mistake with its line and the fix."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.entity import OPT_IN_COLUMNS
from aad_assets.catalog.extensions import ExtensionProperty, with_extensions
from aad_assets.errors import ConfigurationError
from aad_assets.metadata import Choice, apply, export, parse, read

BADGE = "extension_0123456789abcdef0123456789abcdef_badge"
FEDERATED = "domain_federation_configurations"
AGENTS = ("agent_identity_sponsors", "agent_identity_blueprint_principal_sponsors")
BOTH = " and ".join(AGENTS)
RESTING = {entity.table for entity in ENTITIES if not entity.on}


def problems(text: str) -> list[str]:
    """`line 3: …` for each mistake."""
    with pytest.raises(ConfigurationError) as caught:
        parse(dedent(text), "entra.yaml")
    head, *lines = str(caught.value).split("\n  ")
    assert head == "The connection metadata entra.yaml cannot be used:"
    return lines


def applied(text: str) -> dict[str, Entity]:
    return {entity.table: entity for entity in apply(parse(dedent(text)))}


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "entities:\n", "entities:\n  users:\n", "entities: {users: {columns: }}"]
)
def test_a_file_that_says_nothing_changes_nothing(text: str) -> None:
    assert apply(parse(text)) == ENTITIES


def test_what_is_exported_is_the_default() -> None:
    text = export()
    choices = parse(text)

    assert apply(choices) == ENTITIES
    assert list(choices) == list(CATALOG)
    for table, entity in CATALOG.items():
        assert choices[table].on == entity.on
        assert choices[table].columns == {
            column.name: column.name not in entity.disabled_columns for column in entity.all_columns
        }
        for word in (*entity.permissions, entity.licence or "", entity.description):
            assert word in " ".join(text.replace("\n  # ", " ").split())


def test_an_entity_that_is_off_by_default_can_be_turned_on() -> None:
    assert {"user_authentication_methods", "sign_ins_non_interactive", "terms_of_use_acceptances"} < RESTING
    for table in RESTING:
        chosen = applied(f"entities: {{{table}: on}}")
        assert {name for name, entity in chosen.items() if not entity.on} == RESTING - {table}


def test_the_history_of_a_log_is_off_until_it_is_turned_on() -> None:
    assert [entity.table for entity in ENTITIES if not entity.history] == [
        entity.table for entity in ENTITIES if entity.group == "logs"
    ]
    assert applied("entities: {sign_ins: {history: on}}")["sign_ins"].history


@pytest.mark.parametrize("table", ["users", "service_principals", "deleted_users", "deleted_service_principals"])
def test_a_column_that_needs_a_permission_of_its_own_is_read_by_choice(table: str) -> None:
    name = "customSecurityAttributes"
    assert name not in applied("entities: {}")[table].select
    chosen = applied(f"entities: {{{table}: {{columns: {{{name}: on}}}}}}")[table]
    assert name in chosen.select
    assert set(chosen.permissions) - set(applied("entities: {}")[table].permissions) == {
        "CustomSecAttributeAssignment.Read.All"
    }
    assert {column.name: column.duckdb_type for column in chosen.columns}[name] == "JSON"


def test_a_few_lines_do() -> None:
    entities = applied(
        f"""
        entities:
          users:
            columns: {{mobilePhone: off, {BADGE}: no, displayName: on}}
          risky_users: off
          devices: {{on: false}}
        """
    )
    assert entities["users"].disabled_columns == {"mobilePhone", BADGE, "customSecurityAttributes"}
    assert "mobilePhone" not in entities["users"].select
    assert "displayName" in entities["users"].select
    assert {table for table, entity in entities.items() if not entity.on} == {"devices", "risky_users"} | RESTING


def test_how_an_entity_is_published_can_be_chosen() -> None:
    entities = applied(
        f"""
        entities:
          users: {{reload_mode: compare_keep_deleted, history: off, volatile: [{BADGE}, city]}}
          devices: {{volatile: []}}
          groups: {{history: on}}
        """
    )
    users, devices, groups = (entities[table] for table in ("users", "devices", "groups"))
    assert (users.reload_mode, users.history, users.volatile) == ("compare_keep_deleted", False, frozenset({BADGE, "city"}))
    assert (devices.reload_mode, devices.history, devices.volatile) == ("compare", True, frozenset())
    assert groups == CATALOG["groups"]


def test_an_extension_property_that_is_off_does_not_become_a_column() -> None:
    users = applied(f"entities: {{users: {{columns: {{{BADGE}: off, mobilePhone: off}}}}}}")["users"]
    grade = BADGE.replace("badge", "grade")
    found = with_extensions(users, [ExtensionProperty(name, targets=frozenset({"User"})) for name in (BADGE, grade)])

    assert grade in found.select
    assert not {BADGE, "mobilePhone"} & {*found.select, *(column.name for column in found.columns)}


def test_an_extension_property_is_off_in_whatever_case_it_is_written() -> None:
    written = f"extension_{BADGE.removeprefix('extension_').upper()}"
    users = applied(f"entities: {{users: {{columns: {{{written}: off}}}}}}")["users"]
    found = with_extensions(users, [ExtensionProperty(BADGE, targets=frozenset({"User"}))])

    assert users.disabled_columns == {written, "customSecurityAttributes"}
    assert BADGE not in {*found.select, *(column.name for column in found.columns)}
    assert BADGE in {column.name for column in found.all_columns}


REQUIRED = {
    *((entity.table, column) for entity in ENTITIES for column in entity.key),
    *((entity.table, name) for entity in ENTITIES for name in (entity.owner_column, entity.time_property) if name),
    *((entity.parent, column) for entity in ENTITIES if entity.parent for column in entity.parent_sources),
}


@st.composite
def toggled(draw: st.DrawFn) -> list[Entity]:
    """Some entities, on or off, with any columns off that none needs."""
    entities = []
    for entity in draw(st.lists(st.sampled_from(ENTITIES), max_size=6, unique_by=lambda each: each.table)):
        names = [column.name for column in entity.all_columns if (entity.table, column.name) not in REQUIRED]
        names += [BADGE] if entity.extensible else []
        off = draw(st.sets(st.sampled_from(names), max_size=5)) if names else set()
        permissions = (*entity.permissions, *(OPT_IN_COLUMNS[name] for name in entity.disabled_columns - off))
        entities.append(replace(entity, on=draw(st.booleans()), disabled_columns=frozenset(off), permissions=permissions))
    return entities


@given(toggled())
def test_what_is_toggled_and_exported_is_what_is_applied(entities: list[Entity]) -> None:
    metadata = parse(export(entities))

    assert set(metadata) == {entity.table for entity in entities}
    assert list(apply(metadata, entities)) == entities
    assert [entity for entity in apply(metadata) if entity.table not in metadata] == [
        entity for entity in ENTITIES if entity.table not in metadata
    ]
    for entity in apply(metadata, [CATALOG[each.table] for each in entities]):
        assert entity in entities
        assert not entity.disabled_columns & {*entity.select, *(column.name for column in entity.columns)}


@pytest.mark.parametrize("line", ["mobilePhone: on", "mobilePhone: On", "mobilePhone: yes", "mobilePhone: true"])
def test_yaml_has_many_words_for_on(line: str) -> None:
    assert parse(f"entities: {{users: {{on: TRUE, columns: {{{line}}}}}}}") == {"users": Choice(True, {"mobilePhone": True})}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("entitys: {}", "line 1: the file has no setting 'entitys'. Did you mean entities? Correct or remove the line."),
        ("[users]", "line 1: the file must consist of lines `name: value` with the same indentation."),
        ("entities: [users]", "line 1: entities must consist of lines `name: value` with the same indentation."),
        ("entities:\n  user: on", "line 2: there is no entity 'user'. Did you mean users? Correct or remove the line."),
        ("entities:\n  Users: on", "line 2: there is no entity 'Users'. Did you mean users? Correct or remove the line."),
        ("entities:\n  zzz: on", "line 2: there is no entity 'zzz'. Remove the line."),
        ("entities:\n  users: maybe", "line 2: `users` must be `on` or `off`."),
        ("entities:\n  users: [on]", "line 2: users must consist of lines `name: value` with the same indentation."),
        ("entities:\n  users:\n    on: 1", "line 3: `users.on` must be `on` or `off`."),
        ("entities:\n  users:\n    on:", "line 3: `users.on` must be `on` or `off`."),
        (
            "entities:\n  users:\n    colums: {}",
            "line 3: users has no setting 'colums'. Did you mean columns? Correct or remove the line.",
        ),
        (
            "entities:\n  users:\n    reload_mode: replace",
            "line 3: `users.reload_mode` must be one of compare, compare_keep_deleted, truncate, recreate.",
        ),
        (
            "entities:\n  sign_ins:\n    reload_mode: compare",
            "line 3: sign_ins is a log, and logs are always merged. Remove the line.",
        ),
        (
            "entities:\n  users:\n    volatile: city",
            "line 3: `users.volatile` must be a list of columns. Write `volatile: [column, …]`.",
        ),
        (
            "entities:\n  users:\n    volatile: [citty]",
            "line 3: users has no column 'citty' that can be volatile. Did you mean city? Correct or remove the line.",
        ),
        (
            "entities:\n  users:\n    columns: [id]",
            "line 3: users.columns must consist of lines `name: value` with the same indentation.",
        ),
        (
            "entities:\n  users:\n    columns:\n      mobilPhone: off",
            "line 4: users has no column 'mobilPhone'. Did you mean mobilePhone? Correct or remove the line.",
        ),
        (
            "entities:\n  users:\n    columns:\n      DISPLAYNAME: off",
            "line 4: users has no column 'DISPLAYNAME'. Did you mean displayName? Correct or remove the line.",
        ),
        (
            "entities:\n  domains:\n    columns:\n      extension_1_x: off",
            "line 4: domains has no column 'extension_1_x'. Remove the line.",
        ),
        (
            "entities:\n  users:\n    columns:\n      mobilePhone: 'off'",
            "line 4: `users.columns.mobilePhone` must be `on` or `off`, or one of pseudonymise, truncate.",
        ),
        (
            "entities:\n  users:\n    columns:\n      id: off",
            "line 4: users.id cannot be off because it is part of the key of users. Turn it on.",
        ),
        (
            "entities:\n  users: {key: [userPrincipalName]}",
            "line 2: the key of users is [id] and cannot be changed. Write `key: [id]`, or remove the line.",
        ),
        (
            "entities:\n  user_managers:\n    key: [id]",
            "line 3: the key of user_managers is [userId] and cannot be changed. Write `key: [userId]`, or remove the line.",
        ),
        (
            "entities:\n  users: {key: id}",
            "line 2: the key of users is [id] and cannot be changed. Write `key: [id]`, or remove the line.",
        ),
        (
            f"entities:\n  service_principals:\n    columns:\n      odataType: off\n  {AGENTS[1]}: off",
            (
                f"line 4: service_principals.odataType cannot be off because {AGENTS[0]} needs it. "
                f"Turn it on, or turn off {AGENTS[0]}."
            ),
        ),
        (
            "entities:\n  service_principals:\n    columns:\n      odataType: off",
            f"line 4: service_principals.odataType cannot be off because {BOTH} need it. Turn it on, or turn off {BOTH}.",
        ),
        (
            "entities:\n  domains:\n    columns: {authenticationType: off}",
            (
                f"line 3: domains.authenticationType cannot be off because {FEDERATED} needs it. "
                f"Turn it on, or turn off {FEDERATED}."
            ),
        ),
        (
            "entities:\n  applications:\n    columns: {appId: off}",
            (
                "line 3: applications.appId cannot be off because schema_extensions needs it. "
                "Turn it on, or turn off schema_extensions."
            ),
        ),
        (
            "entities:\n  schema_extensions:\n    columns: {owner: off}",
            "line 3: schema_extensions.owner cannot be off because it identifies the rows of this tenant. Turn it on.",
        ),
        (
            "entities:\n  sign_ins:\n    columns: {createdDateTime: off}",
            "line 3: sign_ins.createdDateTime cannot be off because the log is read by it. Turn it on.",
        ),
        ("entities:\n  users: on\n  users: off", "line 3: users appears twice, first in line 2. Remove one of them."),
        (
            "entities:\n  users:\n    columns:\n      city: on\n      city: off",
            "line 5: city appears twice, first in line 4. Remove one of them.",
        ),
        (
            "entities:\n  users: &a\n    on: off\n  groups:\n    <<: *a",
            "line 5: groups uses `<<`, which is not supported. Write the lines out in its place.",
        ),
        ("entities:\n  ? [a]\n  : on", "line 2: entities contains a key that is not a name. Remove it."),
        (
            "entities:\n  users:\n\ton: true",
            "line 3: the file is not valid YAML (found character '\\t' that cannot start any token). Correct this line.",
        ),
        (
            "entities: {users: on",
            "line 1: the file is not valid YAML (expected ',' or '}', but got '<stream end>'). Correct this line.",
        ),
        (
            "entities: {}\n---\nentities: {}",
            "line 2: the file is not valid YAML (but found another document). Correct this line.",
        ),
        (
            "entities:\n  users: \x01",
            "line 2: YAML does not allow a character in this line (special characters are not allowed). Remove it.",
        ),
        (
            "entities: {" + ", ".join(f"{table}: off" for table in CATALOG) + "}",
            "line 1: every entity is off. Turn on at least one.",
        ),
    ],
)
def test_each_mistake_is_reported_with_line_and_fix(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_what_is_nested_too_deeply_is_a_mistake_too() -> None:
    problem = ["line 1: the file is nested too deeply. Indent it as `aad-assets metadata export` does."]
    assert problems("entities: " + "[" * 5000 + "]" * 5000) == problem


def test_all_mistakes_are_reported_at_once_in_the_order_of_their_lines() -> None:
    lines = problems(
        """\
        entities:
          users:
            key: [mail]
            columns:
              id: off
              mobilPhone: off
          user: on
          groups: perhaps
        """
    )
    assert [line.split(":")[0] for line in lines] == ["line 3", "line 5", "line 6", "line 7", "line 8"]


@pytest.mark.parametrize(
    "text",
    [
        f"entities: {{service_principals: {{columns: {{odataType: off}}}}, {AGENTS[0]}: off, {AGENTS[1]}: off}}",
        "entities: {groups: {columns: {isAssignableToRole: off}}}",
        "entities: {domains: {columns: {authenticationType: off}}, domain_federation_configurations: off}",
        "entities: {domains: {on: false, columns: {authenticationType: off}}}",
        "entities: {schema_extensions: {on: off, columns: {owner: off}}}",
        "entities: {users: {columns: {userPrincipalName: off}}, groups: {columns: {mailNickname: off}}}",
    ],
)
def test_what_nothing_that_is_on_needs_can_be_off(text: str) -> None:
    assert any(entity.disabled_columns for entity in apply(parse(text)))


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml.*AAD_CONNECTION_METADATA.*aad-assets metadata export"):
        read(tmp_path / "nowhere.yaml")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "entra.yaml"
    path.write_bytes(b"\xef\xbb\xbfentities:\r\n  users: off\r\n")
    assert read(path) == {"users": Choice(False)}


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "entra.yaml"
    path.write_bytes("entities: {} # für uns".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"entra\.yaml is not valid UTF-8"):
        read(path)
