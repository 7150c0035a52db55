"""The pages written from the catalogue are the committed ones, complete, and every name of the contract is documented."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Shape, Version
from aad_assets.catalog.access import permissions_to_grant
from aad_assets.catalog.personal_data import PersonalData, personal_data
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from tools.reference import ROOT, diagram, numbers, pages, readme, relationships, tables

PAGES = pages()
TABLES = tables.pages()
HAND_WRITTEN = sorted({"README.md", "CHANGELOG.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))})

every_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_as_the_catalogue_says(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == PAGES[name], "run: make reference"


def test_no_page_is_left_over() -> None:
    written = {ROOT / name for name in PAGES}
    assert set((ROOT / "docs" / "tables").iterdir()) <= written


@every_entity
def test_the_index_leads_to_each_table(entity: Entity) -> None:
    (line,) = [line for line in TABLES[tables.INDEX].splitlines() if line.startswith(f"| [{entity.table}](")]
    assert f"({entity.group.value.replace('_', '-')}.md#{entity.table})" in line
    assert entity.description in line
    assert all(permission in line for permission in entity.permissions)
    assert entity.licence is None or entity.licence in line
    assert ("Off by default" in line) is not entity.on


def section_of(entity: Entity) -> str:
    """Return the section about a table on the page of its group."""
    sections = re.split(r"^## ", TABLES[tables.file_of(entity.group)], flags=re.MULTILINE)
    (section,) = [section for section in sections if section.startswith(f"{entity.table}\n")]
    return section


@every_entity
def test_a_table_is_documented_in_full(entity: Entity) -> None:
    section = section_of(entity)
    for text in (entity.description, entity.resource, entity.documentation_url, entity.query):
        assert text in section
    for name in (*entity.permissions, *entity.key):
        assert f"`{name}`" in section
    assert (entity.licence or "no licence needed") in section
    assert ("- on by default\n" in section) is entity.on
    assert (f"- off by default because {entity.off_reason}; " in section) is not entity.on
    assert entity.on or entity.off_reason


@every_entity
def test_who_can_read_a_table_is_documented(entity: Entity) -> None:
    section = section_of(entity)
    assert f"the directory role {entity.person_role}" in section
    assert ("an app alone cannot read it (`AAD_AUTH=delegated`)" in section) is not entity.app_only
    rights = [f"`{name}` is empty unless the app has `{'` or `'.join(names)}`" for name, names in entity.also_needs]
    assert re.findall(r"^- (.* is empty unless the app has .*)$", section, re.MULTILINE) == rights
    for name, _ in entity.also_needs:
        (row,) = re.findall(rf"^\| `{name}` \|.*$", tables.columns(entity), re.MULTILINE)
        assert all(permission in row for permission in dict(entity.also_needs)[name])


@every_entity
def test_beta_and_tables_that_a_tenant_may_lack_are_named(entity: Entity) -> None:
    section = section_of(entity)
    is_beta = entity.version is Version.BETA
    assert ("skipped in tenants and clouds that do not have it" in section) is (entity.optional or is_beta)
    assert bool(re.search(r"`(GET|POST) /beta/", section)) is is_beta
    assert not is_beta or not entity.on


@every_entity
def test_every_column_is_documented_or_those_of_a_table_above_are(entity: Entity) -> None:
    neighbours = [other for other in ENTITIES if other.group is entity.group]
    section = tables.columns(entity, neighbours)
    if match := re.match(r"Columns: the same as in \[(\w+)\]", section):
        above = CATALOG[match[1]]
        lacking = re.findall(r"`(\w+)`", section)
        assert [column for column in above.columns if column.name not in lacking] == list(entity.columns)
        return
    rows = section.splitlines()[2:]
    assert len(rows) == len(entity.columns)
    for row, column in zip(rows, entity.columns, strict=True):
        assert row.startswith(f"| `{column.name}` | ")
        assert row.count("|") - row.count(r"\|") == 5
        assert f" | {personal_data(entity.table, column.name)} | {tables.cell(column.meaning)} |" in row


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("users", "one list, read in parallel in shards of `userPrincipalName`"),
        ("contracts", "one list"),
        (
            "schema_extensions",
            "one list that all tenants share; only rows whose `owner` is the `appId` of a row of `applications` are kept",
        ),
        ("authorization_policy", "one object, one row"),
        ("group_members", "one list for each row of `groups`, read again for objects of type `servicePrincipal`"),
        (
            "group_eligibility_schedule_instances",
            (
                "one list for each row of `groups`, limited to groups that Privileged Identity Management manages, or could "
                "manage: security and Microsoft 365 groups that are neither dynamic nor synchronized from on premises"
            ),
        ),
        ("domain_federation_configurations", "one list for each row of `domains`, limited to federated domains"),
        ("user_mailbox_purposes", "one object for each row of `users`"),
        ("user_managers", "one list, whose rows include their manager"),
        ("available_identity_provider_types", "a list of strings"),
        ("extension_properties", "an action that returns a list"),
        ("sign_ins", "a log, read by whole UTC days of `createdDateTime`; rows stay after Graph deletes them"),
    ],
)
def test_how_a_table_is_read_is_described_in_words(table: str, words: str) -> None:
    assert tables.reading(CATALOG[table]) == words


def test_a_long_type_folds_with_a_line_for_each_field() -> None:
    columns = {column.name: column for column in CATALOG["access_package_assignments"].columns}
    cell = tables.type_cell(columns["schedule"])
    assert cell.startswith(
        "<details><summary><code>STRUCT(…)</code></summary>expiration STRUCT<br>&emsp;duration VARCHAR<br>"
    )
    assert "&emsp;&emsp;daysOfWeek VARCHAR[]<br>" in cell
    assert "\n" not in cell
    assert tables.type_cell(columns["state"]) == "`VARCHAR`"


def test_text_does_not_break_the_cell_that_it_stands_in() -> None:
    assert tables.cell("a|b <c> *d* e_f $g") == r"a\|b &lt;c&gt; \*d\* e\_f \$g"
    assert tables.cell("the `group_id`") == "the `group_id`"


def test_the_readme_names_each_permission_once_and_those_off_by_default_apart() -> None:
    users = CATALOG["users"]
    needy = replace(users, table="needy", permissions=("Other.Read.All", "User.Read.All"), on=False)
    writing = replace(users, table="writing", permissions=("Other.ReadWrite.All",), on=False)
    personal = replace(users, table="personal", permissions=("Personal.Read.All",), app_only=False)
    entities = [users, needy, writing, personal]
    text = readme.with_permissions("<!-- permissions -->\n   <!-- /permissions -->", entities)
    assert text.splitlines()[1:-1] == [
        "   - directory: `User.Read.All`",
        "   - for single columns, which are empty otherwise: `User-LifeCycleInfo.Read.All`",
        "   - for tables that are off by default: `Other.Read.All`",
    ]


def permissions_of_the_readme() -> str:
    """Return README.md's list of permissions."""
    return (ROOT / "README.md").read_text("utf-8").split("permissions -->")[1]


@every_entity
def test_the_readme_names_the_permissions_that_an_app_needs_to_read(entity: Entity) -> None:
    for permission in entity.permissions:
        readers = [each for each in ENTITIES if permission in each.permissions and each.app_only]
        expected = bool(readers) and "Write" not in permission
        assert permissions_of_the_readme().count(f"`{permission}`") == expected


def test_the_readme_lists_for_an_app_what_the_check_command_prints() -> None:
    block, _ = permissions_of_the_readme().split("   - for tables that are off by default:")
    printed = permissions_to_grant([entity for entity in ENTITIES if entity.on], delegated=False)
    assert sorted(re.findall(r"`([^`]+)`", block)) == printed


def test_numbers_come_from_the_catalogue() -> None:
    off = len([entity for entity in ENTITIES if not entity.on])
    expected = {
        "entities": len(CATALOG),
        "entities on": len(CATALOG) - off,
        "entities off": off,
        "beta entities": len([entity for entity in ENTITIES if entity.resource.split()[1].startswith("/beta/")]),
        "logs": len([entity for entity in ENTITIES if entity.shape is Shape.LOG]),
        "views": len(VIEWS),
    }
    assert expected == numbers.NUMBERS
    text = "<!-- entities -->1<!-- / --> tables and <!-- views -->2,000<!-- / --> views"
    assert numbers.with_numbers(text) == (
        f"<!-- entities -->{len(ENTITIES)}<!-- / --> tables and <!-- views -->{len(VIEWS)}<!-- / --> views"
    )
    with pytest.raises(KeyError):
        numbers.with_numbers("<!-- moons -->1<!-- / -->")


COUNTED = re.compile(
    r"\b(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|(?:a )?hundred)"
    r" (?:\w+ )?(?:tables|entities|views|assets|collections|lists|logs)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_no_number_of_tables_is_written_by_hand(name: str) -> None:
    generated = r"<!-- [\w ]+ -->[\d,]*<!-- / -->|\d+ of \d+ entities with these scopes"
    text = re.sub(generated, "N", (ROOT / name).read_text("utf-8"))
    assert [found[0] for found in COUNTED.finditer(text)] == []


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_a_page_with_numbers_is_updated(name: str) -> None:
    assert "<!-- / -->" not in (ROOT / name).read_text("utf-8") or name in PAGES


def test_references_lead_from_columns_to_columns() -> None:
    for reference in relationships.references():
        columns = {column.name: column for column in CATALOG[reference.table].columns}
        head, *rest = reference.column.split(".")
        written = columns[head.removesuffix("[]")].duckdb_type
        assert all(f'"{name.removesuffix("[]")}"' in written for name in rest), reference
        for target in reference.targets:
            assert reference.key in {column.name for column in CATALOG[target].columns}, reference


def test_the_picture_shows_each_core_table_once_and_each_reference() -> None:
    drawn = ElementTree.fromstring(diagram.svg())
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [texts.count(table) for table in relationships.CORE_TABLES] == [1] * len(relationships.CORE_TABLES)
    ends = sum(len(reference.targets) for reference in relationships.references())
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == ends
    assert relationships.mermaid().count("--o") == ends


def test_parents_among_the_core_tables_are_references() -> None:
    led = {(reference.table, target) for reference in relationships.references() for target in reference.targets}
    for table in relationships.CORE_TABLES:
        parent = CATALOG[table].parent
        assert parent not in relationships.CORE_TABLES or (table, parent) in led


def slug(heading: str) -> str:
    """Return the anchor that a page gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_page_about_views_gives_the_class_of_each_column(view: View) -> None:
    (section,) = re.findall(rf"^## {view.name}\n(.*?)(?=^## |\Z)", PAGES["docs/views.md"], re.MULTILINE | re.DOTALL)
    for column in view.columns:
        assert (
            f"| `{column.name}` | `{column.type}` | {personal_data(view.name, column.name)} | {column.meaning} |" in section
        )


def test_the_page_about_personal_data_lists_each_column_that_is() -> None:
    sections = dict(
        re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGES["docs/tables/personal-data.md"], re.MULTILINE | re.DOTALL)
    )
    described = {entity.table: entity.all_columns for entity in ENTITIES} | {view.name: view.columns for view in VIEWS}
    assert list(sections) == ["Sensitive", "Personal", "Pseudonymous"]
    for class_ in list(PersonalData)[1:]:
        rows = dict(re.findall(r"^\| \[(\w+)\]\([^)]*\) \| (.*) \|$", sections[class_.value.capitalize()], re.MULTILINE))
        expected = {
            table: [column.name for column in columns if personal_data(table, column.name) is class_]
            for table, columns in described.items()
        }
        assert {table: re.findall(r"`(\w+)`", listed) for table, listed in rows.items()} == {
            table: listed for table, listed in expected.items() if listed
        }


def test_a_table_refers_to_the_columns_of_another_only_if_their_classes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Columns: the same" in tables.columns(CATALOG["deleted_groups"], [CATALOG["groups"]])
    monkeypatch.setattr(tables, "personal_data", lambda table, column: f"{table} {column}")
    assert "Columns: the same" not in tables.columns(CATALOG["deleted_groups"], [CATALOG["groups"]])


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
            file = (page.parent / target).resolve() if target else page
            assert file.exists(), f"{page}: {target}"
            if anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
                assert anchor in {slug(heading) for heading in headings}, f"{page}: {target}#{anchor}"


def test_the_notice_names_the_licence_of_microsofts_files() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert "MIT License" in notice
    for name in ("schema.json", "meanings.json"):
        assert f"aad_assets/catalog/{name}" in notice
        assert Path(ROOT, "aad_assets", "catalog", name).exists()
    assert "[NOTICE](NOTICE)" in (ROOT / "README.md").read_text("utf-8")


def test_every_setting_that_the_code_reads_is_documented() -> None:
    documented = set(re.findall(r"AAD_[A-Z_]+", (ROOT / "docs" / "settings.md").read_text("utf-8")))
    code = "".join(path.read_text("utf-8") for path in (ROOT / "aad_assets").rglob("*.py") if "demo" not in path.parts)

    assert set(re.findall(r"\bAAD_[A-Z_]*[A-Z]\b", code)) <= documented


def test_the_page_about_sign_in_names_the_role_for_each_table_and_what_an_app_cannot_read() -> None:
    block = (ROOT / "docs" / "sign-in.md").read_text("utf-8").split("roles -->")[1]
    rows = dict(re.findall(r"^\| ([A-Z][\w ]+) \| (.*) \|$", block, re.MULTILINE))
    for entity in ENTITIES:
        named = [role for role, tables_ in rows.items() if re.search(rf"`{entity.table}`(?! \*)", tables_)]
        starred = [role for role, tables_ in rows.items() if f"`{entity.table}` *" in tables_]
        roles = [entity.person_role] if entity.person_role != "Global Reader" or not entity.app_only else []
        assert (starred if not entity.app_only else named) == roles, entity.table
        assert not (named if not entity.app_only else starred), entity.table
    assert rows["Global Reader"] == "all others"
