"""Whether each entity can be read: what is asked for, and what each refusal is taken for."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Licence
from aad_assets.errors import SignInError
from aad_assets.graph.probing.probe import Finding, Probe, Status, permissions_in
from aad_assets.graph.requests.client import RetryPolicy
from aad_assets_tests.fake_graph import FakeGraph, page, refusal

DENIED = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
NO_PATH = ("BadRequest", "Resource not found for the segment 'x'.")
NOBODY = "00000000-0000-0000-0000-000000000000"
REVIEWS = "/identityGovernance/accessReviews/definitions"

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def graph(graph: FakeGraph) -> FakeGraph:
    graph.retry = RetryPolicy(attempts=3, base=0)
    graph.handler = lambda request: page()
    return graph


def tried(graph: FakeGraph, *tables: str, granted: Sequence[str] | None = (), sample: bool = False) -> dict[str, Finding]:
    """Findings by table, of probes side by side."""

    async def work(client: Any) -> list[Finding]:
        probe = Probe(client, granted, sample=sample)
        try:
            return await probe.all([CATALOG[table] for table in tables], lambda _: None)
        finally:
            await probe.close()

    return {finding.entity.table: finding for finding in graph.run(work)}


def one(graph: FakeGraph, table: str, *answers: httpx.Response | Exception, **options: Any) -> Finding:
    """A probe whose requests are answered in this order."""
    if answers:
        graph.handler = graph._next
        graph.answers(*answers)
    finding = tried(graph, table, **options)[table]
    assert graph.script_left == 0
    return finding


def by_path(answers: dict[str, httpx.Response]) -> Answer:
    """Answers by path; all else is an empty page."""
    return lambda request: answers.get(request.url.path.removeprefix("/v1.0"), page())


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_one_small_request_in_the_form_of_the_real_one(graph: FakeGraph, entity: Entity) -> None:
    found = tried(graph, entity.table)[entity.table]
    asked = graph.requests[-1 - len(entity.casts)]

    assert found.status is Status.READABLE
    assert (found.note == "no parents to try") == ("{id}" in entity.path + (entity.filter or ""))
    assert asked.method == ("POST" if entity.resource.startswith("POST") else "GET")
    assert asked.url.path.removeprefix("/v1.0") == entity.path.replace("{id}", NOBODY)
    parameters = dict(asked.url.params)
    assert parameters.get("$top") == ("1" if entity.page_size else None)
    assert parameters.get("$select", "") == ",".join(entity.select)
    if entity.time_property:
        assert parameters["$filter"] == f"{entity.time_property} ge {datetime.now(UTC).date()}T00:00:00Z"
    elif entity.filter:
        assert parameters["$filter"] == entity.filter.replace("{id}", NOBODY)


def test_parents_that_several_ask_for_are_read_once_and_small(graph: FakeGraph) -> None:
    graph.handler = by_path({"/groups": page(["g1", "g2"])})
    found = tried(graph, "group_members", "group_owners")

    assert {finding.note for finding in found.values()} == {""}
    assert sorted(graph.paths) == [
        "/groups",
        "/groups/g1/members",
        "/groups/g1/members/microsoft.graph.servicePrincipal",
        "/groups/g1/owners",
    ]
    parents = next(request for request in graph.requests if request.url.path.endswith("/groups"))
    assert dict(parents.url.params) == {"$select": "id", "$top": "5"}


def test_the_first_parent_that_qualifies_is_looked_for_page_by_page(graph: FakeGraph) -> None:
    rows = [{"id": f"g{number}", "isAssignableToRole": number == 3} for number in range(4)]
    link = "https://graph.test/v1.0/groups?$skiptoken=1"
    finding = one(graph, "group_eligibility_schedule_instances", page(rows[:2], link), page(rows[2:], "unused"), page())

    assert (finding.status, finding.note) == (Status.READABLE, "")
    assert dict(graph.requests[0].url.params)["$select"] == "id,isAssignableToRole"
    assert graph.requests[-1].url.params["$filter"] == "groupId eq 'g3'"


def test_without_a_parent_that_qualifies_the_search_ends(graph: FakeGraph) -> None:
    pages = [page([f"g{number}"], f"https://graph.test/v1.0/groups?$skiptoken={number}") for number in range(10)]
    finding = one(graph, "group_assignment_schedule_instances", *pages, page())

    assert (finding.status, finding.note) == (Status.READABLE, "no parents to try")
    assert len(graph.requests) == 11


def test_parents_of_parents_are_tried_until_one_has_any(graph: FakeGraph) -> None:
    graph.handler = by_path({REVIEWS: page(["d1", "d2", "d3"]), f"{REVIEWS}/d2/instances": page(["i1"])})
    finding = tried(graph, "access_review_decisions")["access_review_decisions"]

    assert (finding.status, finding.note) == (Status.READABLE, "")
    assert graph.paths[-1] == f"{REVIEWS}/d2/instances/i1/decisions"
    assert f"{REVIEWS}/d3/instances" not in graph.paths


@pytest.mark.parametrize(
    ("table", "answer", "granted", "status", "missing"),
    [
        ("domains", refusal(403, *DENIED), (), Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", refusal(403, "Forbidden", "No."), (), Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", refusal(403, *DENIED), None, Status.PERMISSION, ("Domain.Read.All",)),
        ("domains", refusal(403, *DENIED), ("Domain.Read.All",), Status.REFUSED, ()),
        ("risky_users", refusal(403, "Forbidden", "Your tenant is not licensed for this feature."), (), Status.LICENCE, ()),
        ("role_assignment_schedules", refusal(400, "AadPremiumLicenseRequired"), (), Status.LICENCE, ()),
        ("authorization_policy", refusal(404, "Request_ResourceNotFound"), (), Status.CLOUD, ()),
        ("lifecycle_workflows", refusal(400, *NO_PATH), (), Status.CLOUD, ()),
        ("conditional_access_templates", refusal(404, "", ""), (), Status.CLOUD, ()),
        ("sign_ins", refusal(400, "BadRequest", "Invalid filter."), (), Status.ERROR, ()),
        ("identity_providers", refusal(501, "NotImplemented"), (), Status.ERROR, ()),
        ("extension_properties", refusal(403, *DENIED), (), Status.PERMISSION, ("Application.Read.All",)),
    ],
)
def test_what_a_refusal_is_taken_for(
    graph: FakeGraph,
    table: str,
    answer: httpx.Response,
    granted: Sequence[str] | None,
    status: Status,
    missing: tuple[str, ...],
) -> None:
    graph.handler = lambda request: answer
    finding = one(graph, table, granted=granted)

    assert (finding.status, finding.missing) == (status, missing)
    assert finding.response
    assert (finding.response.status, finding.response.request_id) == (answer.status_code, "req-7")


def test_of_two_permissions_the_one_that_lacks_is_named(graph: FakeGraph) -> None:
    graph.handler = lambda request: refusal(403, *DENIED)
    finding = one(graph, "user_sign_in_activity", granted=["User.Read.All", "Mail.Send"])

    assert finding.missing == ("AuditLog.Read.All",)


def test_a_fault_that_lasts_is_given_up_soon_and_costs_no_other(graph: FakeGraph) -> None:
    graph.handler = lambda request: refusal(503) if request.url.path.endswith("/domains") else page()
    found = tried(graph, "domains", "contracts")

    assert found["domains"].status is Status.ERROR
    assert found["domains"].response
    assert found["domains"].response.status == 503
    assert graph.paths.count("/domains") == 3
    assert found["contracts"].status is Status.READABLE


def test_refused_properties_are_named_and_the_rest_is_readable(graph: FakeGraph) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        wrong = {"city", "jobTitle"}.intersection(request.url.params["$select"].split(","))
        return refusal(400, "BadRequest", "Could not find a property.") if wrong else page(["u1"])

    graph.handler = answer
    finding = one(graph, "users")

    assert finding.status is Status.READABLE
    assert finding.rejected == ("city", "jobTitle")
    assert "city, jobTitle" in finding.note


def test_children_without_their_parent_name_what_both_lack(graph: FakeGraph) -> None:
    graph.handler = lambda request: refusal(403, *DENIED)
    found = tried(graph, "delegated_permission_classifications", "group_owners", granted=["GroupMember.Read.All"])

    classified, owners = found["delegated_permission_classifications"], found["group_owners"]
    assert classified.status is owners.status is Status.PERMISSION
    assert classified.missing == ("Application.Read.All", "Policy.Read.PermissionGrant")
    assert owners.missing == ("Group.Read.All",)
    assert owners.note == "groups, which it is read by, cannot be read"


def test_children_of_what_the_tenant_has_no_licence_for_have_none_either(graph: FakeGraph) -> None:
    graph.handler = by_path({REVIEWS: refusal(403, "Forbidden", "The tenant is not licensed for this feature.")})
    found = tried(graph, "access_review_definitions", "access_review_instances", "access_review_decisions")

    assert {finding.status for finding in found.values()} == {Status.LICENCE}
    assert {finding.entity.licence for finding in found.values()} == {Licence.P2}


def test_no_parent_to_try_hides_no_refusal(graph: FakeGraph) -> None:
    """Of an object that there is not, Graph says first whether one may ask."""
    graph.handler = lambda request: refusal(403, *DENIED) if NOBODY in str(request.url) else page()
    found = tried(graph, "domain_federation_configurations", "group_eligibility_schedule_instances")

    assert [finding.status for finding in found.values()] == [Status.PERMISSION] * 2


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (refusal(404, "Request_ResourceNotFound"), Status.READABLE),
        (refusal(404, *NO_PATH), Status.CLOUD),
        (refusal(400, *NO_PATH), Status.CLOUD),
        (refusal(400, "Request_BadRequest"), Status.ERROR),
    ],
)
def test_a_parent_without_such_children_is_no_missing_api(graph: FakeGraph, answer: httpx.Response, status: Status) -> None:
    graph.handler = by_path({"/applications": page(["a1"]), "/applications/a1/federatedIdentityCredentials": answer})
    assert one(graph, "application_federated_identity_credentials").status is status


def test_undeclared_members_are_found_by_a_look_at_what_comes_by_itself(graph: FakeGraph) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        extra = (
            {}
            if "$select" in request.url.params
            else {"id": "1", "fresh": {"deep": 1}, "x@odata.type": "#a", "@odata.id": "b"}
            | ({"ipRanges": []} if "namedLocations" in request.url.path else {})
        )
        rows = [{"id": "0", "displayName": "cut \ud800"}, {"id": "1"} | extra]
        return httpx.Response(200, content=json.dumps({"value": rows}))

    graph.handler = answer
    tables = ["users", "directory_roles", "named_locations", "user_managers", "app_role_assignments", "user_sign_in_activity"]
    found = tried(graph, *tables, sample=True)

    assert {table: finding.undeclared for table, finding in found.items() if finding.undeclared} == {
        "users": ("fresh",),
        "directory_roles": ("fresh",),
        "app_role_assignments": ("fresh",),
        "named_locations": ("fresh",),
    }
    assert {request.url.params.get("$top") for request in graph.requests if "/users" in request.url.path} == {"50"}


def test_a_sample_that_is_refused_costs_nothing(graph: FakeGraph) -> None:
    graph.handler = lambda request: page(["u"]) if "$select" in request.url.params else refusal(403, *DENIED)
    assert one(graph, "users", sample=True) == Finding(CATALOG["users"], Status.READABLE)


def test_a_sign_in_that_fails_on_the_way_ends_it_all(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(rejected: str = "", claims: str = "") -> str:
        raise SignInError("Sign-in failed.")

    monkeypatch.setattr(graph.tokens, "token", refused)
    with pytest.raises(SignInError):
        tried(graph, "users", "group_members", "authorization_policy")


def token(claims: object) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".signature"


@pytest.mark.parametrize(
    ("text", "permissions"),
    [
        (token({"roles": ["User.Read.All", "Group.Read.All"]}), {"User.Read.All", "Group.Read.All"}),
        (token({"scp": "User.Read.All openid"}), {"User.Read.All", "openid"}),
        (token({"aud": "no consent at all"}), set()),
        (token({"roles": "text"}), None),
        (token([]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.é.c", None),
    ],
)
def test_the_permissions_that_a_token_names(text: str, permissions: set[str] | None) -> None:
    assert permissions_in(text) == permissions


@pytest.mark.parametrize("table", ["domains", "domain_federation_configurations"])
def test_a_list_that_takes_no_top_is_tried_without(graph: FakeGraph, table: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return refusal(400, "BadRequest", "Query option 'Top' is not allowed.") if "$top" in request.url.params else page()

    graph.handler = handler
    assert tried(graph, table)[table].status is Status.READABLE


def test_parents_that_are_refused_however_they_are_asked_for_are_told_as_refused(graph: FakeGraph) -> None:
    message = "Invalid page size specified: '5'. Must be between 1 and 100 inclusive."
    graph.handler = lambda request: refusal(400, "BadRequest", message) if "/groups?" in str(request.url) else page()
    assert tried(graph, "group_members")["group_members"].status is Status.ERROR
