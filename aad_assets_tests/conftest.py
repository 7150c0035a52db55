"""What holds for all tests: the order in which processes share them out, and that hypothesis is patient."""

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine a thread may wait long enough to break any bound on an example: what hangs is ended by pytest-timeout.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that at the end no process works alone."""
    items.sort(key=lambda item: (item.path.name != "test_ui.py", item.path.parent.name != "e2e"))
