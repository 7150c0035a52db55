"""Attach targets: whether `AAD_DATABASE` is a file, where it is, and how messages show it."""

import re
from contextlib import suppress
from pathlib import Path

_KIND = re.compile(r"([A-Za-z][\w+.-]*:)+")


def is_file(database: str) -> bool:
    """Return whether the attach target is a plain file, not `ducklake:…`, `md:…` and the like."""
    return not re.match(r"[A-Za-z][A-Za-z0-9_+.-]+:", database) or Path(database).is_absolute()


def absolute(path: str) -> str:
    """Make `path` absolute: relative to the working directory, with `~` as the home folder."""
    with suppress(RuntimeError):  # `~name` of a user who does not exist is a name like any other.
        path = str(Path(path).expanduser())
    return str(Path(path).absolute())


def redact_database(database: str) -> str:
    """Return the database for messages: of `ducklake:postgres:password=…` and the like, only the kind."""
    kind = _KIND.match(database)
    return database if kind is None or is_file(database) else f"{kind[0]}…"


def resolve_database(database: str) -> str:
    """Make the path of a file absolute, because runs may start in another folder. Return other targets unchanged."""
    return absolute(database) if is_file(database) else database


def passwords_in(database: str) -> list[str]:
    """Return the passwords and tokens in an attach target, such as `postgres:password=…` or `md:db?motherduck_token=…`."""
    if is_file(database):
        return []
    # A value in quotes ends at the next quote, any other at a space or where a URL continues.
    found = re.findall(r"(?:password|token|secret|key)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^\s&;]+))", database, re.IGNORECASE)
    return [next(filter(None, values)) for values in found if any(values)]
