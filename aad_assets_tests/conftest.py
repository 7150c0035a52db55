"""The order of the tests, for the processes that share them out."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that at the end no process works alone."""
    items.sort(key=lambda item: (item.path.name != "test_ui.py", item.path.parent.name != "e2e"))
