"""The classes of personal data: the section in docs/tables/README.md that defines them, and the page with their columns."""

from collections.abc import Iterator

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.personal_data import PersonalData, personal_data
from aad_assets.catalog.views import VIEWS
from tools.reference.relationships import GENERATED

PAGE = "personal-data.md"

SECTION = f"""\
## Personal data

Each column has one of four classes:

| class | what the column says about a person | for example |
| --- | --- | --- |
| `none` | nothing by itself: states, types, dates, names of apps, groups, policies and organizations \
| `accountEnabled`, `skuId`, `appDisplayName` |
| `pseudonymous` | an identifier that leads to a person only through another table or system: ids of users, devices, \
sign-ins, requests, correlations and sessions | `userId`, `principalId`, `correlationId` |
| `personal` | names, addresses, phone numbers, sign-in names, IP addresses, job data, names of devices, text that people \
write, times of sign-ins | `displayName`, `mail`, `ipAddress`, `justification` |
| `sensitive` | what harms most if it leaks: where people sign in and at what risk, how they authenticate, passwords, keys \
and their hints, custom security attributes, dates of hire and leave, age and consent for minors, birthdays, interests, \
values in audit logs | `location`, `riskState`, `methodsRegistered`, `employeeHireDate` |

[{PAGE}]({PAGE}) lists the tables and columns of each class. To list them in Python:

```python
from aad_assets.catalog import CATALOG
from aad_assets.catalog.personal_data import PersonalData, personal_data

for entity in CATALOG.values():
    for column in entity.columns:
        if personal_data(entity.table, column.name) is PersonalData.SENSITIVE:
            print(entity.table, column.name)
```

- A row has the highest class of its columns. `accountEnabled` says nothing about a person by itself, but it does beside a
  `userPrincipalName`.
- A STRUCT has the highest class of its fields. `personal_data("sign_ins", "deviceDetail.browser")` returns that of a field.
- Names, descriptions and rules of groups, apps and policies are `none`, although their authors can mention people in them.
  Owners and creators are `pseudonymous` or `personal`.
- An id that can be a user's or a group's, such as `principalId`, has the class of a user's id.
- A column of a view has the class of what it shows.
- `_tenant_id` and `_loaded_at` are `none`. In tables about people, their devices and what they do, `_extra` and directory
  extension properties are `personal`. In tables about risk, authentication methods and keys, `_extra` is `sensitive`. In
  other tables they are `none`. Check what your own applications store there.
- `aad_meta.changes` and `aad_meta.rejects` contain keys and values of all tables. Protect them like the tables that they
  are about.

The classes do not change what is stored. [Connection metadata](../connection-metadata.md#personal-data) describes how to
leave out or protect columns, and how to delete a person.
"""

_HEAD = f"""\
# Personal data: columns by class

{GENERATED} [All tables](README.md).

[Personal data](README.md#personal-data) defines the classes, and says which ones `_extra` and directory extension properties
have. All other columns that this page does not name are `none`.
"""


def page() -> str:
    """Return the page: for each class except `none`, the highest first, the tables and views that have it."""
    return "\n".join([_HEAD, *(line for class_ in reversed(list(PersonalData)[1:]) for line in _section(class_))])


def _section(class_: PersonalData) -> Iterator[str]:
    yield f"## {class_.value.capitalize()}\n\n| table or view | columns |\n| --- | --- |"
    for table, page, columns in _described():
        if found := [name for name in columns if personal_data(table, name) is class_]:
            yield f"| [{table}]({page}#{table}) | {', '.join(f'`{name}`' for name in found)} |"
    yield ""


def _described() -> Iterator[tuple[str, str, list[str]]]:
    """Yield each table and view with the page that describes it and its columns, those that are off by default included."""
    for entity in ENTITIES:
        yield entity.table, f"{entity.group.value.replace('_', '-')}.md", [column.name for column in entity.all_columns]
    for view in VIEWS:
        yield view.name, "../views.md", [column.name for column in view.columns]
