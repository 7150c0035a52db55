"""Protected columns in a whole reload."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.enums import Protection
from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError
from aad_assets.reload import Reload
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.reload.conftest import House

USERS = replace(CATALOG["users"], protected=(("userPrincipalName", Protection.PSEUDONYMISE),))


@pytest.fixture
def house(whole_tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> House:
    return house_of(whole_tenant)


def reload(house: House, key: str) -> None:
    connection = house.connection().model_copy(update={"pseudonym_key": key})
    for outcome in Reload(connection, Target(str(house.database), "aad"), [USERS]).outcomes():
        assert outcome is None or outcome.reason is None


def test_the_same_key_gives_the_same_pseudonyms(house: House) -> None:
    for _ in range(2):
        reload(house, "a secret of some length")
    assert house.query("SELECT updated FROM aad_meta.loads ORDER BY published_at") == [(0,), (0,)]
    assert house.query("SELECT count(*) > 1 FROM aad.users WHERE regexp_full_match(userPrincipalName, '[0-9a-f]{32}')") == [
        (True,)
    ]
    assert house.query("SELECT 1 FROM aad.users WHERE contains(userPrincipalName, '@')") == []


def test_a_missing_key_fails_the_run_before_anything_is_read(house: House) -> None:
    with pytest.raises(ConfigurationError, match="pseudonymises columns of users, but AAD_PSEUDONYM_KEY is not set"):
        reload(house, "")
