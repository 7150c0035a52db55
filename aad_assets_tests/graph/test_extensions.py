"""The tenant's directory extension properties: Graph's list, and the applications' own where that list is empty."""

import httpx
import pytest

from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.extensions import Extensions, read_extensions
from aad_assets_tests.fake_graph import FakeGraph, batched, failure, page

NAMED = {"id": "1", "name": "extension_a_x", "dataType": "Integer", "isMultiValued": True, "targetObjects": ["User", "Group"]}
DENIED = failure(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def read(
    graph: FakeGraph, listed: httpx.Response, principals: str = "5", of_applications: httpx.Response | None = None
) -> Extensions:
    """Read from a Graph with two applications, each of which returns `of_applications`."""

    def respond(request: httpx.Request) -> httpx.Response:
        match request.url.path.removeprefix("/v1.0"):
            case "/directoryObjects/getAvailableExtensionProperties":
                return listed
            case "/servicePrincipals/$count":
                return httpx.Response(200 if principals else 503, text=principals)
            case "/applications":
                return page(["app-1", "app-2"])
            case "/$batch":
                return batched(request, lambda _: of_applications or page())
        raise AssertionError(request.url)

    graph.handler = respond
    return graph.run(lambda client: read_extensions(client, graph.meter))


def test_extension_properties_are_read_with_their_types_and_targets(graph: FakeGraph) -> None:
    found = read(graph, page([NAMED, {"id": "2", "name": "extension_a_y"}]))
    assert [(each.name, each.type_name, sorted(each.targets)) for each in found.found] == [
        ("extension_a_x", "[Int32]", ["Group", "User"]),
        ("extension_a_y", "String", []),
    ]
    assert found.is_proof
    assert graph.paths == ["/directoryObjects/getAvailableExtensionProperties"]


def test_an_extension_property_without_a_name_is_rejected(graph: FakeGraph) -> None:
    with pytest.raises(InvalidResponse, match="without a name"):
        read(graph, page([{"id": "1"}]))


def test_an_empty_list_of_a_small_tenant_is_believed_but_proves_nothing(graph: FakeGraph) -> None:
    found = read(graph, page(), "1000")
    assert found == Extensions(())
    assert not found.is_proof
    assert "/applications" not in graph.paths


@pytest.mark.parametrize("principals", ["1001", "not a number"])
def test_above_a_thousand_service_principals_each_applications_own_are_read(graph: FakeGraph, principals: str) -> None:
    found = read(graph, page(), principals, page([NAMED]))
    assert {each.name for each in found.found} == {"extension_a_x"}
    assert not found.is_proof, "those of other tenants' applications are missing"
    assert "more than 1,000 service principals. Only those of this tenant's own applications were read." in found.problem


def test_a_list_that_is_denied_is_replaced_by_each_applications_own(graph: FakeGraph) -> None:
    found = read(graph, DENIED, of_applications=page([NAMED]))
    assert {each.name for each in found.found} == {"extension_a_x"}
    assert "Insufficient privileges" in found.problem
    assert "req-7" in found.problem


def test_if_neither_can_be_read_the_problem_names_both(graph: FakeGraph) -> None:
    found = read(graph, DENIED, of_applications=DENIED)
    assert found.found == ()
    assert not found.is_proof
    assert found.problem.count("Insufficient privileges") == 2
