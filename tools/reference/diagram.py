"""The picture docs/entity-relationships.svg: core tables as boxes in four columns, and a line from each id to its table.

A line has the colour of the table that it leads to. `relationships.py` says which tables and lines are drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Group
from aad_assets.catalog.references import Reference
from tools.reference.relationships import core_entities, label, picture_columns, references

# From left to right. Tables that refer to two other columns are placed between them.
_COLUMNS = (
    (
        "subscribed_skus",
        "user_managers",
        "user_sign_in_activity",
        "user_registration_details",
        "administrative_unit_members",
        "device_registered_owners",
    ),
    ("users", "groups", "devices", "administrative_units"),
    (
        "sign_ins",
        "oauth2_permission_grants",
        "group_owners",
        "group_members",
        "app_role_assignments",
        "application_owners",
        "conditional_access_policies",
        "role_eligibility_schedules",
        "role_assignments",
    ),
    ("service_principals", "applications", "named_locations", "role_definitions"),
)
_HEAD_COLOURS = {
    Group.DIRECTORY: "#24496e",
    Group.TENANT: "#24496e",
    Group.RELATIONSHIPS: "#5b6472",
    Group.ACCESS: "#7a3e48",
    Group.PRIVILEGED_ACCESS: "#7a3e48",
    Group.CONDITIONAL_ACCESS: "#4f5d2f",
    Group.SECURITY: "#6b4f1d",
    Group.LOGS: "#4d3b6b",
}
_LINE_COLOURS = {
    "users": "#1f77b4",
    "groups": "#2ca02c",
    "devices": "#8c564b",
    "service_principals": "#ff7f0e",
    "applications": "#d62728",
    "administrative_units": "#17a2b8",
    "role_definitions": "#9467bd",
    "subscribed_skus": "#b8860b",
    "named_locations": "#6b8e23",
}
_WIDTH, _HEAD, _ROW = 240, 25, 19
_ACROSS, _BETWEEN, _MARGIN = 130, 34, 28
_FOOT = 34
_FONT = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
_LEGEND = (
    "bold: key · dot: a column with an id · each line leads to the table of that id, and has its colour; "
    "an id with several lines belongs to one of these tables"
)


@dataclass(frozen=True)
class Box:
    """A table in the picture. `x` and `y` are its top left corner in pixels, `rows` the columns that it shows."""

    entity: Entity
    rows: tuple[str, ...]
    column: int
    x: float
    y: float

    @property
    def height(self) -> float:
        """The height in pixels."""
        return _HEAD + _ROW * len(self.rows) + 6

    def middle_of(self, row: str) -> float:
        """Return the vertical middle of a row in pixels."""
        return self.y + _HEAD + _ROW * self.rows.index(row) + _ROW / 2 + 3


def svg() -> str:
    """Return the picture. The same declarations always give the same text."""
    boxes = {box.entity.table: box for box in _boxes()}
    width = 2 * _MARGIN + len(_COLUMNS) * _WIDTH + (len(_COLUMNS) - 1) * _ACROSS + 40
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN + _FOOT
    lines = [line for reference in references() for line in _curves(reference, boxes)]
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}" font-size="13">',
            "<title>Entity-relationship picture of the core tables</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>',
            *lines,
            *(_draw(box) for box in boxes.values()),
            f'<text x="{_MARGIN}" y="{height - _MARGIN + 4:g}" fill="#444">{_LEGEND}</text>',
            "</svg>\n",
        ]
    )


def _boxes() -> Iterator[Box]:
    """Return the boxes, each column of them spread over the height of the tallest."""
    entities = {entity.table: entity for entity in core_entities()}
    rows = {table: tuple(picture_columns(entity)) for table, entity in entities.items()}
    heights = [[_HEAD + _ROW * len(rows[table]) + 6 for table in column] for column in _COLUMNS]
    tallest = max(sum(column) + _BETWEEN * (len(column) - 1) for column in heights)
    for number, tables in enumerate(_COLUMNS):
        gap = (tallest - sum(heights[number])) / len(tables)
        y = _MARGIN + gap / 2
        for table, height in zip(tables, heights[number], strict=True):
            yield Box(entities[table], rows[table], number, _MARGIN + number * (_WIDTH + _ACROSS), round(y))
            y += height + gap


def _draw(box: Box) -> str:
    """Return a box: the table's name on the colour of its group, then its rows."""
    entity = box.entity
    head = f"M{box.x:g} {box.y + _HEAD:g}v-{_HEAD - 5}q0 -5 5 -5h{_WIDTH - 10}q5 0 5 5v{_HEAD - 5}z"
    parts = [
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{_WIDTH}" height="{box.height:g}" rx="5" fill="#fbfbfc" stroke="#99a"/>',
        f'<path d="{head}" fill="{_HEAD_COLOURS[entity.group]}"/>',
        f'<text x="{box.x + 9:g}" y="{box.y + 16:g}" fill="#fff" font-weight="bold">{entity.table}</text>',
    ]
    labels = {reference.column: label(reference) for reference in references() if reference.table == entity.table}
    for row in box.rows:
        bold = ' font-weight="bold"' if row in entity.key else ""
        text = escape(labels.get(row, row))
        parts.append(f'<text x="{box.x + 9:g}" y="{box.middle_of(row) + 4:g}" fill="#222"{bold}>{text}</text>')
    return "".join(parts)


def _curves(reference: Reference, boxes: dict[str, Box]) -> Iterator[str]:
    """Return a curve from the row of the id to the row of the key, for each table that the id can belong to."""
    start = boxes[reference.table]
    for target in reference.targets:
        end = boxes[target]
        y1, y2 = start.middle_of(reference.column), end.middle_of(reference.key)
        if start.column == end.column:
            x1 = x2 = start.x + _WIDTH
            bend1 = bend2 = x1 + 34
        elif start.column < end.column:
            x1, x2 = start.x + _WIDTH, end.x
            bend1, bend2 = x1 + _ACROSS / 2, x2 - _ACROSS / 2
        else:
            x1, x2 = start.x, end.x + _WIDTH
            bend1, bend2 = x1 - _ACROSS / 2, x2 + _ACROSS / 2
        colour = _LINE_COLOURS[target]
        yield (
            f'<path d="M{x1:g} {y1:g}C{bend1:g} {y1:g} {bend2:g} {y2:g} {x2:g} {y2:g}" fill="none" stroke="{colour}" '
            f'stroke-width="1.6" opacity="0.85"/><circle cx="{x1:g}" cy="{y1:g}" r="3.5" fill="{colour}"/>'
        )
