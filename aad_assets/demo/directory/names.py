"""Names, places and job titles that the directory is filled with, from names.json."""

import json
import unicodedata
from importlib.resources import files
from typing import NamedTuple

_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "ş": "s", "đ": "d", "æ": "ae"})


class Name(NamedTuple):
    """A name as written, and its form in an account name (lower-case ASCII)."""

    written: str
    alias: str


class Office(NamedTuple):
    """A site of the company; `region` is the Microsoft 365 data location, None if there is none."""

    code: str
    city: str
    country_code: str
    country: str
    state: str
    street: str
    postal_code: str
    language: str
    region: str | None
    phone: str
    company: str


def _names(line: str) -> tuple[Name, ...]:
    names = []
    for word in line.split():
        latin, _, written = word.partition("=")
        plain = unicodedata.normalize("NFKD", latin.translate(_SPECIAL))
        names.append(Name(written or latin, "".join(c for c in plain.lower() if c.isascii())))
    return tuple(names)


_DATA = json.loads(files(__package__).joinpath("names.json").read_text("utf-8"))

GIVEN = _names(_DATA["given"])
SURNAMES = _names(_DATA["surname"])
OFFICES = tuple(Office(*row) for row in _DATA["offices"])
DEPARTMENTS: dict[str, list[str]] = _DATA["departments"]
PROJECTS: list[str] = _DATA["projects"].split()
VENDORS: list[str] = _DATA["vendors"].split()
JOBS = tuple((department, title) for department, titles in DEPARTMENTS.items() for title in titles)
"""Every (department, job title)."""
