"""Joins reading and landing: read, stage, publish, report, many entities at once. No Dagster here."""

from aad_assets.reload.outcome import Outcome
from aad_assets.reload.run import Reload

__all__ = ["Outcome", "Reload"]
