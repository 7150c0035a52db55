"""The definitions that Dagster loads: the connection that the environment describes, and the executor.

The executor runs in process because one step reads all entities of a connection concurrently.
"""

import dagster as dg

from aad_assets.orchestration import build_definitions

defs = dg.Definitions.merge(build_definitions(), dg.Definitions(executor=dg.in_process_executor))
