"""The columns whose values the connection metadata protects."""

from textwrap import dedent

import pytest

from aad_assets.catalog.enums import Protection
from aad_assets.errors import ConfigurationError
from aad_assets.metadata import apply, export, parse

TEXT = """
    entities:
      users: {columns: {mobilePhone: pseudonymise, otherMails: pseudonymise, faxNumber: off}}
      sign_ins: {columns: {ipAddress: truncate}}
      directory_audits: {columns: {initiatedBy.user.ipAddress: truncate}}
    """


def test_columns_and_parts_of_them_can_be_protected_and_exported() -> None:
    entities = {entity.table: entity for entity in apply(parse(dedent(TEXT)))}
    assert dict(entities["users"].protected) == dict.fromkeys(("mobilePhone", "otherMails"), Protection.PSEUDONYMISE)
    assert entities["directory_audits"].protected == (("initiatedBy.user.ipAddress", Protection.TRUNCATE),)
    assert "mobilePhone" in {column.name for column in entities["users"].columns}
    exported = export(entities.values())
    assert "      mobilePhone: pseudonymise\n" in exported
    assert {table: entity.protected for table, entity in entities.items()} == {
        entity.table: entity.protected for entity in apply(parse(exported))
    }


@pytest.mark.parametrize(
    ("table", "line", "problem"),
    [
        ("users", "id: pseudonymise", "users.id must be stored as it is because it is part of the key of users."),
        ("users", "accountEnabled: pseudonymise", "users.accountEnabled holds no text, so it cannot be protected"),
        ("users", "nothing: truncate", "users has no column 'nothing'."),
        ("directory_audits", "initiatedBy.nobody: truncate", "directory_audits.initiatedBy.nobody holds no text"),
        ("directory_audits", "initiatedBy: truncate", "directory_audits.initiatedBy holds no text"),
        ("sign_ins", "createdDateTime: pseudonymise", "sign_ins.createdDateTime must be stored as it is"),
        ("users", "mobilePhone: hash", "must be `on` or `off`, or one of pseudonymise, truncate."),
    ],
)
def test_what_cannot_be_protected_is_reported(table: str, line: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"entities:\n  {table}:\n    columns:\n      {line}\n")
    assert "line 4: " in str(caught.value)
    assert problem in str(caught.value)
