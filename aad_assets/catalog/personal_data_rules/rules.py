"""The form of a declaration of what is personal data."""

from dataclasses import dataclass

from aad_assets.catalog.enums import PersonalData

ANY = "*"
"""Stands for all tables and views."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Columns of some tables and views by class, each list separated by white space.

    A name stands for columns, and for fields of STRUCTs at any depth. A name with dots stands for one path from the column
    on, such as `initiatedBy.user.id`. `*` stands for any characters, dots included. Letter case does not count.
    """

    tables: str
    sensitive: str = ""
    personal: str = ""
    pseudonymous: str = ""
    none: str = ""

    def names(self) -> dict[PersonalData, list[str]]:
        """Return the names of each class."""
        return {class_: getattr(self, class_.value).split() for class_ in PersonalData}
