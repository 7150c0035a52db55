"""Licences: products (SKUs) with their service plans, and the sets of licences that people hold.

Who holds which set is decided in people.py; the counts per SKU are in tenant.py.
"""

from typing import Any

from .templates import Area

_AREA = Area("licences", {})
SKUS: list[dict[str, Any]] = _AREA.rows("skus")
BY_PART_NUMBER = {sku["part_number"]: sku for sku in SKUS}
E5 = BY_PART_NUMBER["SPE_E5"]

HOLDINGS = [{**holding, "skus": [BY_PART_NUMBER[name] for name in holding["skus"]]} for holding in _AREA.rows("holdings")]
NOTHING, BY_GROUP, FREE = 0, 3, 7
"""Places in HOLDINGS."""
WHEN = 8
"""Each set comes with this many different dates of assignment."""
