"""Variables that look like settings and are none, such as `AAD_CLIENT_SECRT`."""

from collections.abc import Mapping
from difflib import get_close_matches

from aad_assets.settings.declaration import all_settings

_SIMILARITY = 0.7
"""Similarity from which a known name is proposed, as `difflib` measures it."""


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that starts with `AAD_`, in any letter case, is not empty and is no setting.

    Values are not shown: they may be secrets. Such a variable is no error, because another program may read it.
    """
    known = [each.variable for each in all_settings()]
    names = sorted(
        name for name, value in environment.items() if name.upper().startswith("AAD_") and name not in known and value.strip()
    )
    return [f"{name} is not a setting and has no effect. {_advice(name, known)}" for name in names]


def _advice(name: str, known: list[str]) -> str:
    similar = get_close_matches(name.upper(), known, n=1, cutoff=_SIMILARITY)
    return f"Did you mean {similar[0]}?" if similar else "Remove it, unless another program reads it."
