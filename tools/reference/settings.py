"""The tables of docs/settings.md, from the declaration of the settings."""

import re

from aad_assets.settings.declaration import Declared, Group, all_settings

_BLOCK = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Return the `text` of docs/settings.md with a section for each group of settings between its markers."""
    sections = "".join(_section(group) for group in Group)
    return _BLOCK.sub(lambda _: sections, text, count=1)


def _section(group: Group) -> str:
    rows = "".join(_row(setting) for setting in all_settings() if setting.group is group)
    return f"## {group.value}\n\n| setting | meaning | default |\n| --- | --- | --- |\n{rows}\n"


def _row(setting: Declared) -> str:
    return f"| `{setting.variable}` | {setting.description} | {setting.default_shown} |\n"
