"""The filters that cut a collection."""

import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG
from aad_assets.graph.reading.shards import PREFIXES, filters

GUID_PROPERTIES = ("appId", "deviceId")


@pytest.mark.parametrize("property_", PREFIXES)
def test_no_two_shards_overlap(property_: str) -> None:
    assert len({prefix.lower() for prefix in PREFIXES[property_]}) == len(PREFIXES[property_])
    assert len(set(filters(property_))) == len(PREFIXES[property_])


@pytest.mark.parametrize("property_", GUID_PROPERTIES)
@given(guid=st.uuids())
def test_a_guid_is_in_exactly_one_shard(property_: str, guid: uuid.UUID) -> None:
    assert sum(str(guid).startswith(prefix) for prefix in PREFIXES[property_]) == 1
    assert len(PREFIXES[property_]) == 16


@given(first=st.sampled_from(string.ascii_letters + string.digits + "'.-_!#^~"))
def test_whatever_a_user_principal_name_begins_with_is_in_exactly_one_shard(first: str) -> None:
    assert sum(first.lower() == prefix for prefix in PREFIXES["userPrincipalName"]) == 1


@given(first=st.sampled_from([each for each in map(chr, range(33, 127)) if each not in '@()\\[]";:<>,']))
def test_whatever_a_mail_nickname_begins_with_is_in_exactly_one_shard(first: str) -> None:
    assert sum(first.lower() == prefix for prefix in PREFIXES["mailNickname"]) == 1


def test_a_quote_is_doubled() -> None:
    assert "startsWith(userPrincipalName,'''')" in filters("userPrincipalName")
    assert "startsWith(userPrincipalName,'a')" in filters("userPrincipalName")
    assert all(each.count("'") % 2 == 0 for property_ in PREFIXES for each in filters(property_))


def test_every_entity_that_is_cut_is_counted_and_has_the_property() -> None:
    cut = [entity for entity in CATALOG.values() if entity.shard_property]
    assert {entity.table for entity in cut} == {"users", "groups", "service_principals", "devices"}
    for entity in cut:
        assert entity.countable
        assert entity.shard_property in PREFIXES
        assert entity.shard_property in entity.select
