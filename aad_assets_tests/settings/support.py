"""Helpers for the tests of settings."""

import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.settings import Settings

COMPLETE = {"AAD_TENANT_ID": "contoso.example", "AAD_CLIENT_ID": "app", "AAD_CLIENT_SECRET": "s3cret"}


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


def problems(**environment: str) -> str:
    """Return the error of `check` for a complete connection with these variables set or, if empty, unset."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(COMPLETE | environment).connection.check()
    return str(caught.value)
