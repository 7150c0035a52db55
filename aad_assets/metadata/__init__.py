"""The connection metadata: the YAML file that selects entities, columns and reload modes.

`read` checks the whole file and reports every mistake at once, each with its line and how to fix it.
"""

from aad_assets.metadata.choices import EXTENSION_PREFIX, Choice, Metadata, apply
from aad_assets.metadata.exporting import export
from aad_assets.metadata.parsing import parse, read

__all__ = ["EXTENSION_PREFIX", "Choice", "Metadata", "apply", "export", "parse", "read"]
