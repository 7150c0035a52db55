"""Reloads in tenants that reject the request for service principals among members: what is stored of them stays."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.fake_graph import batched, failure, page
from aad_assets_tests.reload.fake_reload import FakeReload
from aad_assets_tests.warehouse.support import Lab

REJECTED = failure(400, "Request_UnsupportedQuery", "The header ConsistencyLevel is not supported in B2C tenants.")
PROBLEM = (
    "Service principals among the members are missing because Graph rejects /members/microsoft.graph.servicePrincipal "
    "(400 Request_UnsupportedQuery). Their stored rows are unchanged."
)


class Tenant:
    """Groups with users, and one of them with service principals."""

    def __init__(self) -> None:
        self.users = {f"g{n}": [f"u{n}", f"u{n + 1}"] for n in range(12)}
        self.principals = ["sp1", "sp2", "sp3"]
        self.rejects_cast = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.answer) if request.url.path.endswith("$batch") else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.removeprefix("/v1.0/").split("/"):
            case ["groups"]:
                return page([*self.users])
            case ["groups", group, "members"]:
                return page([{"id": each, "@odata.type": "#microsoft.graph.user"} for each in self.users[group]])
            case ["groups", group, "members", "microsoft.graph.servicePrincipal"]:
                return REJECTED if self.rejects_cast else page(self.principals if group == "g3" else [])
        return failure(404)


@pytest.fixture
def reload(tmp_path: Path) -> Iterator[FakeReload]:
    lab = Lab(tmp_path)
    yield FakeReload(lab, Target(str(lab.folder / "entra.duckdb"), "aad", lock_wait=0.0))
    lab.close()


@pytest.fixture
def tenant(reload: FakeReload) -> Tenant:
    made = Tenant()
    reload.graph.handler = made
    return made


def members(reload: FakeReload) -> set[tuple[str, str]]:
    rows = reload.lab.stored(reload.target, "SELECT groupId, memberId FROM {schema}.group_members")
    return {(str(group), str(member)) for group, member in rows}


def users(tenant: Tenant) -> set[tuple[str, str]]:
    return {(group, user) for group, ids in tenant.users.items() for user in ids}


PRINCIPALS = {("g3", each) for each in ("sp1", "sp2", "sp3")}


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE])
def test_stored_rows_of_a_type_that_was_not_read_stay(reload: FakeReload, tenant: Tenant, mode: Mode) -> None:
    reload("group_members", options={"group_members": Options(mode)})
    assert members(reload) == users(tenant) | PRINCIPALS
    tenant.rejects_cast = True
    tenant.users |= {"g3": ["u3"], "g4": ["u4", "u5", "new"]}
    outcome = reload("group_members", options={"group_members": Options(mode)})["group_members"]
    assert (outcome.load.status, outcome.reason) == ("published", PROBLEM)
    assert outcome.load.refused_parents == 0
    live = reload.lab.stored(reload.target, "SELECT count(*) FROM {meta}.changes WHERE change = 'delete'")
    assert live == [(0 if mode is Mode.TRUNCATE else 1,)]
    found = members(reload)
    assert found - {("g3", "u4")} == users(tenant) | PRINCIPALS

    tenant.rejects_cast, tenant.principals = False, ["sp1"]
    outcome = reload("group_members", options={"group_members": Options(mode)})["group_members"]
    assert (outcome.load.status, outcome.reason) == ("published", None)
    if mode is not Mode.COMPARE_KEEP_DELETED:
        assert members(reload) == users(tenant) | {("g3", "sp1")}


def test_a_tenant_that_never_answers_the_request_has_the_other_members(reload: FakeReload, tenant: Tenant) -> None:
    tenant.rejects_cast = True
    outcome = reload("groups", "group_members")["group_members"]
    assert (outcome.load.status, outcome.reason) == ("published", PROBLEM)
    assert members(reload) == users(tenant)


def test_a_table_is_not_recreated_without_the_rows_of_a_type(reload: FakeReload, tenant: Tenant) -> None:
    reload("group_members")
    tenant.rejects_cast = True
    outcome = reload("group_members", options={"group_members": Options(Mode.RECREATE)})["group_members"]
    assert isinstance(outcome.error, WarehouseError)
    assert "could not read rows of the type servicePrincipal, which would be lost" in str(outcome.reason)
    assert members(reload) == users(tenant) | PRINCIPALS
