"""What Dagster loads: the connection that the environment describes, and the executor.

In process, since the entities of a connection are read side by side in one step.
"""

import dagster as dg

from aad_assets.orchestration import build_definitions

defs = dg.Definitions.merge(build_definitions(), dg.Definitions(executor=dg.in_process_executor))
