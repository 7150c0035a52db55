"""Generate `schema.json` and `meanings.json` from what Microsoft publishes about Graph.

    python -m tools.catalog_data V1.CSDL BETA.CSDL V1.D.TS BETA.D.TS

Names and types come from the metadata in the repository microsoftgraph/msgraph-metadata (`schemas/v1.0-Prod.csdl` and
`schemas/beta-Prod.csdl`, MIT). Descriptions come from the typings in the npm packages @microsoft/microsoft-graph-types and
@microsoft/microsoft-graph-types-beta (MIT). NOTICE contains Microsoft's licence for all of them. Only the types that the
catalogue names, and those that they use, are kept.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from aad_assets.catalog import ENTITIES
from aad_assets.catalog.conform.csdl import Csdl
from tools.catalog_data import files
from tools.catalog_data.needs import find_needs
from tools.catalog_data.typings import read_typings

VERSIONS = ("v1.0", "beta")


def main(arguments: Sequence[str]) -> int:
    """Write both files from the metadata files and the typings named in `arguments`. Return the exit code."""
    if len(arguments) != 4:
        print("Usage: python -m tools.catalog_data V1.CSDL BETA.CSDL V1.D.TS BETA.D.TS", file=sys.stderr)
        return 2
    schema, meanings = {}, {}
    for version, metadata, typings in zip(VERSIONS, arguments[:2], arguments[2:], strict=True):
        csdl, needs = Csdl(Path(metadata)), find_needs(ENTITIES, version)
        schema[version] = files.build_schema(csdl, needs)
        meanings[version] = files.build_meanings(csdl, read_typings(Path(typings)), needs)
    files.SCHEMA_FILE.write_text(files.render_schema(schema), encoding="utf-8")
    files.MEANINGS_FILE.write_text(files.render_meanings(meanings), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
