"""The list of exemptions in docs/conformance.md."""

import re

from aad_assets.catalog.conform.exemptions import EXEMPTIONS, Exemption

_BLOCK = re.compile(r"(?<=<!-- exemptions -->\n).*?(?=<!-- /exemptions -->)", re.DOTALL)
_PAGE = re.compile(r"\[([a-z/-]+)\]")


def with_exemptions(text: str) -> str:
    """Return the `text` of docs/conformance.md with the exemptions between its markers."""
    rows = "".join(map(_row, EXEMPTIONS))
    table = f"| tables | check | part | reason |\n| --- | --- | --- | --- |\n{rows}"
    return _BLOCK.sub(lambda _: table, text, count=1)


def _row(exemption: Exemption) -> str:
    tables = ", ".join(f"`{table}`" for table in exemption.tables)
    reason = _PAGE.sub(r"([\1](https://learn.microsoft.com/graph/api/\1))", exemption.reason)
    return f"| {tables} | {exemption.check} | `{exemption.name}` | {reason} |\n"
