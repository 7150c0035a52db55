"""Settings of all tests: the order in which processes share them, and a patient hypothesis."""

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine a thread may wait long enough to break any limit on an example. pytest-timeout ends what hangs.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that no process works alone at the end."""
    items.sort(key=lambda item: (item.path.name != "test_ui.py", item.path.parent.name != "e2e"))
