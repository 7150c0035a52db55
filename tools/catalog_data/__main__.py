"""Generate `schema.json` and `meanings.json` from what Microsoft publishes about Graph v1.0.

    python -m tools.catalog_data metadata.xml microsoft-graph.d.ts

Names and types come from the metadata, which is at https://graph.microsoft.com/v1.0/$metadata and in the repository
microsoftgraph/msgraph-metadata (`schemas/v1.0-Prod.csdl`, MIT). Descriptions come from the typings in the npm package
@microsoft/microsoft-graph-types (MIT). NOTICE contains Microsoft's licence for both. Only the entity types that the catalogue
names, and the complex types that they use, are kept.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from aad_assets.catalog import ENTITIES
from tools.catalog_data import files
from tools.catalog_data.csdl import Csdl
from tools.catalog_data.typings import read_typings


def main(arguments: Sequence[str]) -> int:
    """Write both files from the metadata file and the typings named in `arguments`. Return the exit code."""
    if len(arguments) != 2:
        print("Usage: python -m tools.catalog_data METADATA.XML MICROSOFT-GRAPH.D.TS", file=sys.stderr)
        return 2
    csdl, descriptions = Csdl(Path(arguments[0])), read_typings(Path(arguments[1]))
    types = {entity.type for entity in ENTITIES}
    schema, meanings = files.build_schema(csdl, types), files.build_meanings(csdl, descriptions, types)
    files.SCHEMA_FILE.write_text(files.render_schema(schema), encoding="utf-8")
    files.MEANINGS_FILE.write_text(files.render_meanings(meanings), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
