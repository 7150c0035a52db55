"""Messages about runs that need somebody's attention, posted to a webhook: names and counts, and no rows."""

from aad_assets.alerts.message import Alert, FailedCheck, UnpublishedTable
from aad_assets.alerts.webhook import post

__all__ = ["Alert", "FailedCheck", "UnpublishedTable", "post"]
