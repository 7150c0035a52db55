"""Forgetting a person or a column: nothing of it is left in any file, and everything else is unchanged."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, Entity
from aad_assets.errors import ConfigurationError, WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting import forget as forgetting
from aad_assets.warehouse.forgetting.forget import forget
from aad_assets.warehouse.forgetting.identifiers import FORGOTTEN, Identifiers
from aad_assets_tests.warehouse.forgetting_support import NEW, OTHER, PERSON, fill, leave_what_killed_runs_leave, traces
from aad_assets_tests.warehouse.support import COLUMNS, THINGS, Lab, entity, read_alone, refusals


@pytest.fixture(scope="module")
def template(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a database that holds the person."""
    folder = tmp_path_factory.mktemp("template")
    fill(shared_lab, folder)
    return folder


@pytest.fixture
def loaded(template: Path, database: Path) -> Path:
    shutil.copytree(template, database.parent, dirs_exist_ok=True)
    return database


def test_nothing_is_left_of_a_person(loaded: Path, target: Target) -> None:
    assert traces(loaded.parent)
    removed = forget(target, person=PERSON, serving_copy=str(loaded.with_name("bi.duckdb")))
    assert traces(loaded.parent) == []
    assert [(each.number, each.what) for each in removed if each.place == "aad_history.users"] == [(2, "row"), (2, "value")]


def test_everything_else_of_the_tables_is_unchanged(loaded: Path, target: Target) -> None:
    forget(target, person=PERSON.upper())
    users = "SELECT id, userPrincipalName, otherMails FROM aad.users WHERE length(id) > 3"
    assert read_alone(loaded, users) == [(OTHER, "joan.smith@contoso.com", ["j@x.example"])]
    assert read_alone(loaded, "SELECT displayName, conditions.users.excludeUsers FROM aad.conditional_access_policies") == [
        (f"Except {FORGOTTEN}", [OTHER])
    ]
    assert read_alone(loaded, "SELECT memberId FROM aad.group_members WHERE length(memberId) > 3") == [(OTHER,)]
    assert read_alone(loaded, "SELECT id FROM aad.sign_ins UNION ALL SELECT id FROM aad.directory_audits") == [
        ("s2",),
        ("a3",),
    ]
    assert read_alone(loaded, "SELECT count(*) FROM aad.user_managers") == [(0,)]


def test_properties_that_are_not_declared_lose_only_the_person(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [{"id": "1"}], entity({"id": COLUMNS["id"]}))
    lab.publish(target, [{"id": "1", "owner": PERSON, "size": 7}], entity({"id": COLUMNS["id"]}), number=1)
    forget(target, person=PERSON)
    for statement in ("SELECT _extra FROM aad.things", "SELECT new_value FROM aad_meta.changes WHERE column_name = '_extra'"):
        assert read_alone(database, statement) == [('{"owner":null,"size":7}',)]


def test_changes_of_a_row_stay_while_a_version_of_it_is_about_somebody_else(lab: Lab, target: Target, database: Path) -> None:
    managers = CATALOG["user_managers"]
    for number, manager in enumerate(("before", PERSON, OTHER, "after")):
        lab.publish(target, [{"userId": "1", "id": manager}, {"userId": "2", "id": "x"}], managers, number=number)
    forget(target, person=PERSON)
    assert read_alone(database, "SELECT managerId FROM aad_history.user_managers WHERE userId = '1' ORDER BY ALL") == [
        (each,) for each in ("after", OTHER, "before")
    ]
    changes = (
        "SELECT old_value->>'$', new_value->>'$' FROM aad_meta.changes WHERE column_name = 'managerId' ORDER BY changed_at"
    )
    assert read_alone(database, changes) == [("before", None), (None, OTHER), (OTHER, "after")]


def test_messages_lose_the_person(lab: Lab, target: Target, database: Path) -> None:
    refused = refusals("things", "1", message=f"Resource '{PERSON}' does not exist.")
    lab.publish(target, [{"id": "1"}], refusals=[refused])
    forget(target, person=PERSON)
    assert read_alone(database, "SELECT key, message FROM aad_meta.refused_parents") == [
        ("1", f"Resource '{FORGOTTEN}' does not exist.")
    ]


def test_an_unknown_person_is_not_found(loaded: Path, target: Target) -> None:
    assert forget(target, person="cccccccc-0000-4000-8000-00000000000c") == []


def test_what_killed_runs_left_is_removed(loaded: Path, target: Target) -> None:
    leave_what_killed_runs_leave(loaded.parent)
    copy = loaded.with_name("bi.duckdb")
    copy.unlink()  # the first copy was not finished
    forget(target, person=PERSON, serving_copy=str(copy))
    assert traces(loaded.parent) == []
    assert not copy.exists()


@pytest.mark.parametrize("step", ["_remove_blocked", "forget_person", "compact", "copy_for_serving"])
def test_a_second_attempt_completes_what_was_interrupted(
    loaded: Path, target: Target, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = str(loaded.with_name("bi.duckdb"))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(forgetting, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            forget(target, person=PERSON, serving_copy=copy)
    forget(target, person=PERSON, serving_copy=copy)
    assert traces(loaded.parent) == []


def test_a_full_disk_is_reported_with_what_is_still_stored(
    loaded: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise WarehouseError("Cannot compact the database.")

    monkeypatch.setattr(forgetting, "compact", full)
    with pytest.raises(WarehouseError, match="still contains them"):
        forget(target, person=PERSON)


def things(lab: Lab, target: Target) -> Entity:
    """Publish things twice, with a value of `name` in the table, the history, the changes, the rejects and `_extra`."""
    narrow = entity({"id": COLUMNS["id"], "name": COLUMNS["name"]})
    lab.publish(target, [{"id": "1", "name": "forget-me", "info": {"size": "forget-me-too"}}], narrow)
    lab.publish(target, [{"id": "1", "name": "forget-me 2", "info": {"size": "forget-me-too"}}], number=1)
    lab.publish(target, [{"id": "1", "name": "\ud800 forget-me", "Name": "forget-me in another case"}], number=2)
    return THINGS


def test_nothing_is_left_of_a_column(lab: Lab, target: Target, database: Path) -> None:
    things(lab, target)
    assert traces(database.parent, ("forget-me",))
    forget(target, column=("things", "NAME"))
    forget(target, column=("things", "info"))
    assert traces(database.parent, ("forget-me",)) == []
    assert read_alone(database, "SELECT id, name, _extra FROM aad.things") == [("1", None, None)]


def test_nothing_is_left_of_a_part_of_a_column(lab: Lab, target: Target, database: Path) -> None:
    def row(text: str) -> dict[str, Any]:
        plans = [{"sku": "kept", "off": [text]}, {"sku": "kept", "off": [], "new": text}]
        return {"id": "1", "info": {"label": text, "size": 1, "Extra": text}, "plans": plans, "open": {"deep": {"a": text}}}

    lab.publish(target, [])
    lab.publish(target, [row("forget-me") | {"info": {"label": "forget-me", "size": "no number"}}], number=1)
    lab.publish(target, [row("forget-me 2")], number=2)
    lab.publish(target, [row("forget-me 3")], number=3)
    for part in ("Info.LABEL", "info.extra", "plans.off", "plans.new", "open.deep.a"):
        forget(target, column=("THINGS", part))
    assert traces(database.parent, ("forget-me",)) == []
    assert read_alone(database, "SELECT info.size, plans[1].sku, len(plans), open::VARCHAR, _extra FROM aad.things") == [
        (1, "kept", 2, '{"deep":{"a":null}}', '{"info":{},"plans":[null,{}]}')
    ]


def test_the_next_load_without_the_column_finds_no_difference(lab: Lab, target: Target) -> None:
    things(lab, target)
    forget(target, column=("things", "name"))
    without = replace(THINGS, disabled_columns=frozenset({"name"}))
    load = lab.publish(target, [{"id": "1", "name": "forget-me"}], without, number=3)
    assert (load.updated, load.unchanged) == (0, 1)


@pytest.mark.parametrize(
    ("table", "column", "message"),
    [
        ("users", "ID", "part of the key"),
        ("users", "_loaded_at", "not a column of Graph"),
        ("nothing", "name", "no table nothing"),
        ("things", "nam", "Neither things nor its history has a column nam"),
    ],
)
def test_a_column_that_cannot_be_forgotten_is_reported(
    lab: Lab, target: Target, table: str, column: str, message: str
) -> None:
    things(lab, target)
    with pytest.raises(ConfigurationError, match=message):
        forget(target, column=(table, column))


def test_a_missing_database_is_reported(target: Target) -> None:
    with pytest.raises(WarehouseError, match="There is no database"):
        forget(target, person=PERSON)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([PERSON, f"x {PERSON.upper()}."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_values_lose_every_name_and_others_stay(value: Any) -> None:
    identifiers, text = Identifiers.of([PERSON]), json.dumps(value)
    assert PERSON not in identifiers.without_json(text).lower()
    if PERSON not in text.lower():
        assert json.loads(identifiers.without_json(text)) == value


def test_part_of_another_name_is_not_a_name() -> None:
    identifiers = Identifiers.of(["an@contoso.com"])
    assert not any(map(identifiers.name, ["joan@contoso.com", "an@contoso.com.example", "x.an@contoso.com"]))
    assert all(map(identifiers.name, ["an@contoso.com", "AN@contoso.com.", "(an@contoso.com)", "smtp:an@contoso.com"]))


@pytest.mark.parametrize(
    "text",
    [
        "https://graph.microsoft.com/v1.0/users('%id')",
        "directoryObjects(%27%id%27)",
        "g1_member_%id_1",
        "'o'neil+x@contoso.com' was added",
        "(o'neil+x@contoso.com's delegate)",
        "https://portal.example/?user=O%27Neil%2Bx%40contoso.com",
        "https://portal.example/users(%27o'neil+x@contoso.com%27)",
        json.dumps(["line\no'neil+x@contoso.com"]),
        json.dumps(json.dumps(["o'neil+x@contoso.com"])).replace("'", "\\\\u0027").replace("+", "\\\\u002B"),
    ],
)
def test_a_name_is_found_in_every_spelling(text: str) -> None:
    identifiers = Identifiers.of([PERSON, "o'neil+x@contoso.com"])
    text = text.replace("%id", PERSON)
    assert identifiers.name(text)
    assert any(needle in text.lower() for needle in identifiers.needles)
    assert FORGOTTEN in (left := identifiers.without(text) or "")
    assert PERSON not in left
    assert "neil" not in left.lower()


def test_a_name_after_an_apostrophe_of_another_name_is_not_a_name() -> None:
    assert not Identifiers.of(["brien@contoso.com"]).name("o'brien@contoso.com")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"userId eq '{PERSON}'", f"userId eq '{FORGOTTEN}'"),
        (f"{OTHER}_{PERSON}.{OTHER}", f"{OTHER}_{FORGOTTEN}.{OTHER}"),
        (f"as {PERSON.replace('-', '')}{NEW}", f"as {FORGOTTEN}"),
        ("O'" + NEW, "O'" + NEW),
    ],
)
def test_names_inside_texts_are_replaced(lab: Lab, target: Target, database: Path, text: str, left: str) -> None:
    lab.publish(target, [{"id": PERSON, "userPrincipalName": NEW}], CATALOG["users"])
    lab.publish(target, [{"id": "1", "name": text}])
    forget(target, person=PERSON)
    assert read_alone(database, "SELECT name FROM aad.things") == [(left,)]
