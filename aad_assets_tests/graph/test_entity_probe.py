"""Probes of entities: the request for each, and the finding for each error."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Licence
from aad_assets.catalog.access import Access, permissions_to_grant
from aad_assets.errors import SignInError
from aad_assets.graph.probing.entity import EntityProbe
from aad_assets.graph.probing.findings import Finding, Status
from aad_assets.graph.requests.retries import RetryPolicy
from aad_assets_tests.fake_graph import FakeGraph, failure, page

DENIED = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
NO_PATH = ("BadRequest", "Resource not found for the segment 'x'.")
NOBODY = "00000000-0000-0000-0000-000000000000"
REVIEWS = "/identityGovernance/accessReviews/definitions"

Reply = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def graph(graph: FakeGraph) -> FakeGraph:
    graph.retry = RetryPolicy(attempts=3, first_backoff=0)
    graph.handler = lambda request: page()
    return graph


def probe(
    graph: FakeGraph,
    *tables: str,
    granted: Sequence[str] | None = (),
    delegated: bool = False,
    sample: bool = False,
) -> dict[str, Finding]:
    """Probe tables concurrently and return the findings by table."""

    access = Access(None if granted is None else frozenset(granted), delegated)

    async def work(client: Any) -> list[Finding]:
        prober = EntityProbe(client, access, sample=sample)
        try:
            return await prober.probe_all([CATALOG[table] for table in tables], lambda _: None)
        finally:
            await prober.close()

    return {finding.entity.table: finding for finding in graph.run(work)}


def one(graph: FakeGraph, table: str, *answers: httpx.Response | Exception, **options: Any) -> Finding:
    """Probe one table. The requests get `answers`, in order, if there are any."""
    if answers:
        graph.handler = graph._next
        graph.respond_with(*answers)
    finding = probe(graph, table, **options)[table]
    assert graph.script_left == 0
    return finding


def by_path(answers: dict[str, httpx.Response]) -> Reply:
    """Respond by path; everything else is an empty page."""
    return lambda request: answers.get(request.url.path.removeprefix("/v1.0"), page())


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_an_entity_is_probed_with_one_small_request_in_a_reloads_form(graph: FakeGraph, entity: Entity) -> None:
    found = probe(graph, entity.table, delegated=not entity.app_only)[entity.table]
    asked = graph.requests[-1 - len(entity.casts)]

    assert found.status is Status.READABLE
    assert (found.note == "no parents to try") == ("{id}" in entity.path + (entity.filter or ""))
    assert asked.method == ("POST" if entity.resource.startswith("POST") else "GET")
    assert asked.url.path.removeprefix("/v1.0") == entity.versioned_path.replace("{id}", NOBODY)
    parameters = dict(asked.url.params)
    assert parameters.get("$top") == ("1" if entity.page_size else None)
    assert parameters.get("$select", "") == ",".join(entity.select)
    if entity.time_property:
        today = f"{entity.time_property} ge {datetime.now(UTC).date()}T00:00:00Z"
        assert parameters["$filter"] == (f"{entity.filter} and {today}" if entity.filter else today)
    elif entity.filter:
        assert parameters["$filter"] == entity.filter.replace("{id}", NOBODY)


def test_parents_that_several_entities_need_are_read_once_in_a_small_page(graph: FakeGraph) -> None:
    graph.handler = by_path({"/groups": page(["g1", "g2"])})
    found = probe(graph, "group_members", "group_owners")

    assert {finding.note for finding in found.values()} == {""}
    assert sorted(graph.paths) == [
        "/groups",
        "/groups/g1/members",
        "/groups/g1/members/microsoft.graph.servicePrincipal",
        "/groups/g1/owners",
        "/groups/g1/owners/microsoft.graph.servicePrincipal",
    ]
    parents = next(request for request in graph.requests if request.url.path.endswith("/groups"))
    assert dict(parents.url.params) == {"$select": "id", "$top": "5"}


PIM_LIST = "/identityGovernance/privilegedAccess/group/resources"
INSTANCES = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"


def pages_of_groups(graph: FakeGraph, pages: Sequence[Sequence[Any]]) -> None:
    """Return pages of groups, each with a link to the next, and no list of those in privileged identity management."""

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(PIM_LIST):
            return failure(404, *NO_PATH)
        if not request.url.path.endswith("/groups"):
            return page()
        number = int(request.url.params.get("$skiptoken", "0"))
        return page(pages[number], f"https://graph.test/v1.0/groups?$skiptoken={number + 1}")

    graph.handler = respond


def test_the_first_parent_that_qualifies_is_searched_page_by_page(graph: FakeGraph) -> None:
    kinds = [["DynamicMembership"], ["Unified", "DynamicMembership"], [], ["Unified"]]
    rows = [{"id": f"g{number}", "groupTypes": types} for number, types in enumerate(kinds)]
    pages_of_groups(graph, [rows[:2], rows[2:]])
    finding = one(graph, "group_eligibility_schedule_instances")

    assert (finding.status, finding.note) == (Status.READABLE, "")
    parents = [request for request in graph.requests if request.url.path.endswith("/groups")]
    where = CATALOG["group_eligibility_schedule_instances"].parent_where
    assert where
    assert len(parents) == 2
    assert parents[0].url.params["$select"].split(",") == ["id", *where.columns]
    assert graph.requests[-1].url.params["$filter"] == "groupId eq 'g3'"


def test_the_search_for_a_parent_is_bounded(graph: FakeGraph) -> None:
    pages_of_groups(graph, [[{"id": f"g{number}", "groupTypes": ["DynamicMembership"]}] for number in range(30)])
    finding = one(graph, "group_eligibility_schedule_instances")

    assert (finding.status, finding.note) == (Status.READABLE, "no parents to try")
    assert graph.paths.count("/groups") == 10


def test_a_list_of_the_parents_takes_the_place_of_the_search(graph: FakeGraph) -> None:
    graph.handler = by_path({PIM_LIST: page(["g7"])})
    finding = one(graph, "group_eligibility_schedule_instances")

    assert (finding.status, finding.note) == (Status.READABLE, "")
    assert graph.paths == [PIM_LIST, INSTANCES]


def test_parents_of_parents_are_tried_until_one_has_any(graph: FakeGraph) -> None:
    graph.handler = by_path({REVIEWS: page(["d1", "d2", "d3"]), f"{REVIEWS}/d2/instances": page(["i1"])})
    finding = probe(graph, "access_review_decisions")["access_review_decisions"]

    assert (finding.status, finding.note) == (Status.READABLE, "")
    assert graph.paths[-1] == f"{REVIEWS}/d2/instances/i1/decisions"
    assert f"{REVIEWS}/d3/instances" not in graph.paths


@pytest.mark.parametrize(
    ("table", "response", "granted", "status", "missing"),
    [
        ("domains", failure(403, *DENIED), (), Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", failure(403, "Forbidden", "No."), (), Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", failure(403, *DENIED), None, Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", failure(403, *DENIED), ("Domain.Read.All",), Status.REFUSED, ()),
        ("domains", failure(401, "UnknownError", ""), (), Status.PERMISSION, ("Domain.Read.All",)),
        ("sign_ins", failure(403, "Authentication_RequestFromUnsupportedUserRole", "No."), (), Status.ROLE, ()),
        ("risky_users", failure(403, "Forbidden", "Your tenant is not licensed for this feature."), (), Status.LICENCE, ()),
        ("role_assignment_schedules", failure(400, "AadPremiumLicenseRequired"), (), Status.LICENCE, ()),
        ("authorization_policy", failure(404, "Request_ResourceNotFound"), (), Status.CLOUD, ()),
        ("lifecycle_workflows", failure(400, *NO_PATH), (), Status.CLOUD, ()),
        ("conditional_access_templates", failure(404, "", ""), (), Status.CLOUD, ()),
        ("sign_ins", failure(400, "BadRequest", "Invalid filter."), (), Status.ERROR, ()),
        ("identity_providers", failure(501, "NotImplemented"), (), Status.ERROR, ()),
        ("extension_properties", failure(403, *DENIED), (), Status.PERMISSION, ("Directory.Read.All",)),
    ],
)
def test_the_finding_for_each_error(
    graph: FakeGraph,
    table: str,
    response: httpx.Response,
    granted: Sequence[str] | None,
    status: Status,
    missing: tuple[str, ...],
) -> None:
    graph.handler = lambda request: response
    finding = one(graph, table, granted=granted)

    assert (finding.status, finding.missing) == (status, missing)
    assert finding.response
    assert (finding.response.status, finding.response.request_id) == (response.status_code, "req-7")


def test_of_two_permissions_only_the_missing_one_is_reported(graph: FakeGraph) -> None:
    graph.handler = lambda request: failure(403, *DENIED)
    finding = one(graph, "user_sign_in_activity", granted=["User.Read.All", "Mail.Send"])

    assert finding.missing == ("AuditLog.Read.All",)


def test_a_lasting_fault_ends_soon_and_affects_no_other_entity(graph: FakeGraph) -> None:
    graph.handler = lambda request: failure(503) if request.url.path.endswith("/domains") else page()
    found = probe(graph, "domains", "contracts")

    assert found["domains"].status is Status.ERROR
    assert found["domains"].response
    assert found["domains"].response.status == 503
    assert graph.paths.count("/domains") == 3
    assert found["contracts"].status is Status.READABLE


def test_rejected_properties_are_reported_and_the_entity_is_readable(graph: FakeGraph) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        wrong = {"city", "jobTitle"}.intersection(request.url.params["$select"].split(","))
        return failure(400, "BadRequest", "Could not find a property.") if wrong else page(["u1"])

    graph.handler = respond
    finding = one(graph, "users")

    assert finding.status is Status.READABLE
    assert finding.rejected == ("city", "jobTitle")
    assert "city, jobTitle" in finding.note


def test_children_of_an_unreadable_parent_report_the_permissions_of_both(graph: FakeGraph) -> None:
    graph.handler = lambda request: failure(403, *DENIED)
    found = probe(graph, "synchronization_jobs", "group_owners", granted=["GroupMember.Read.All"])

    jobs, owners = found["synchronization_jobs"], found["group_owners"]
    assert jobs.status is owners.status is Status.PERMISSION
    assert jobs.missing == ("Application.Read.All", "Synchronization.Read.All")
    assert owners.missing == ("Group.Read.All",)
    assert owners.note == "its parent groups cannot be read"


def test_children_of_an_unlicensed_parent_are_unlicensed_too(graph: FakeGraph) -> None:
    graph.handler = by_path({REVIEWS: failure(403, "Forbidden", "The tenant is not licensed for this feature.")})
    found = probe(graph, "access_review_definitions", "access_review_instances", "access_review_decisions")

    assert {finding.status for finding in found.values()} == {Status.LICENCE}
    assert {finding.entity.licence for finding in found.values()} == {Licence.P2}


def test_an_error_is_reported_even_without_a_parent_to_try(graph: FakeGraph) -> None:
    """Graph checks permissions before it looks up the object, which does not exist here."""
    graph.handler = lambda request: failure(403, *DENIED) if NOBODY in str(request.url) else page()
    found = probe(graph, "domain_federation_configurations", "group_eligibility_schedule_instances")

    assert [finding.status for finding in found.values()] == [Status.PERMISSION] * 2


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (failure(404, "Request_ResourceNotFound"), Status.READABLE),
        (failure(404, *NO_PATH), Status.CLOUD),
        (failure(400, *NO_PATH), Status.CLOUD),
        (failure(400, "Request_BadRequest"), Status.ERROR),
    ],
)
def test_a_parent_without_children_is_no_missing_api(graph: FakeGraph, response: httpx.Response, status: Status) -> None:
    graph.handler = by_path({"/applications": page(["a1"]), "/applications/a1/federatedIdentityCredentials": response})
    assert one(graph, "application_federated_identity_credentials").status is status


def test_undeclared_members_are_found_in_rows_read_without_a_select(graph: FakeGraph) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        extra = (
            {}
            if "$select" in request.url.params
            else {"id": "1", "fresh": {"deep": 1}, "x@odata.type": "#a", "@odata.id": "b"}
            | ({"ipRanges": []} if "namedLocations" in request.url.path else {})
        )
        rows = [{"id": "0", "displayName": "cut \ud800"}, {"id": "1"} | extra]
        return httpx.Response(200, content=json.dumps({"value": rows}))

    graph.handler = respond
    tables = ["users", "directory_roles", "named_locations", "user_managers", "app_role_assignments", "user_sign_in_activity"]
    found = probe(graph, *tables, sample=True)

    assert {table: finding.undeclared for table, finding in found.items() if finding.undeclared} == {
        "users": ("fresh",),
        "directory_roles": ("fresh",),
        "app_role_assignments": ("fresh",),
        "named_locations": ("fresh",),
    }
    assert {request.url.params.get("$top") for request in graph.requests if "/users" in request.url.path} == {"50"}


def test_a_rejected_sample_does_not_change_the_finding(graph: FakeGraph) -> None:
    graph.handler = lambda request: page(["u"]) if "$select" in request.url.params else failure(403, *DENIED)
    granted = permissions_to_grant([CATALOG["users"]], delegated=False)
    assert one(graph, "users", sample=True, granted=granted) == Finding(CATALOG["users"], Status.READABLE)


def test_a_failed_sign_in_ends_the_probe(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(rejected: str = "", claims: str = "") -> str:
        raise SignInError("Sign-in failed.")

    monkeypatch.setattr(graph.tokens, "token", fail)
    with pytest.raises(SignInError):
        probe(graph, "users", "group_members", "authorization_policy")


@pytest.mark.parametrize("table", ["domains", "domain_federation_configurations"])
def test_a_collection_without_top_is_probed_without(graph: FakeGraph, table: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return failure(400, "BadRequest", "Query option 'Top' is not allowed.") if "$top" in request.url.params else page()

    graph.handler = handler
    assert probe(graph, table)[table].status is Status.READABLE


def test_parents_that_reject_every_query_are_reported(graph: FakeGraph) -> None:
    message = "Invalid page size specified: '5'. Must be between 1 and 100 inclusive."
    graph.handler = lambda request: failure(400, "BadRequest", message) if "/groups?" in str(request.url) else page()
    assert probe(graph, "group_members")["group_members"].status is Status.ERROR


def changed(monkeypatch: pytest.MonkeyPatch, table: str, **fields: Any) -> Entity:
    """Replace fields of a declaration."""
    entity = replace(CATALOG[table], **fields)
    monkeypatch.setitem(CATALOG, table, entity)
    return entity


def test_an_app_makes_no_request_for_what_needs_a_person(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, "domains", app_only=False)
    found = probe(graph, "domains", "domain_federation_configurations")

    assert {finding.status for finding in found.values()} == {Status.PERSON}
    assert {finding.missing for finding in found.values()} == {()}
    assert graph.requests == []


def test_an_app_with_the_permission_tries_what_needs_a_person(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    domains = changed(monkeypatch, "domains", app_only=False)
    assert one(graph, "domains", granted=domains.permissions).status is Status.READABLE

    graph.handler = lambda _: failure(403, *DENIED)
    refused = one(graph, "domains", granted=domains.permissions)
    assert (refused.status, refused.missing) == (Status.PERSON, ())
    assert refused.response


def test_a_person_tries_it_without_the_scope_as_well(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    domains = changed(monkeypatch, "domains", app_only=False)
    graph.handler = lambda _: failure(403, *DENIED)
    finding = one(graph, "domains", delegated=True)

    assert (finding.status, finding.missing) == (Status.PERMISSION, domains.permissions)


@pytest.mark.parametrize(
    "response", [failure(400, "BadRequest"), failure(404, "Request_ResourceNotFound"), failure(404, *NO_PATH), failure(501)]
)
def test_what_may_be_missing_is_not_available_with_its_children(
    graph: FakeGraph, monkeypatch: pytest.MonkeyPatch, response: httpx.Response
) -> None:
    changed(monkeypatch, "domains", optional=True)
    graph.handler = lambda _: response
    found = probe(graph, "domains", "domain_federation_configurations")

    assert {finding.status for finding in found.values()} == {Status.NOT_AVAILABLE}


def test_columns_that_stay_empty_are_found_from_the_token(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, "users", also_needs=(("city", ("A.Read.All", "B.Read.All")),))

    assert one(graph, "users").empty_columns == {"city": ("A.Read.All", "B.Read.All")}
    assert one(graph, "users", granted=["B.Read.All"]).empty_columns == {}
    assert one(graph, "users", granted=None).empty_columns == {}
