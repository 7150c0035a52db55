"""The reload, without Dagster: read entities from Graph, stage and publish them, many at once, and report each outcome."""

from aad_assets.reload.outcome import Outcome
from aad_assets.reload.run import Reload

__all__ = ["Outcome", "Reload"]
