"""The tenant's directory extension properties: Graph's list, and the applications' own where that list is empty."""

import httpx
import pytest

from aad_assets.graph.reading.extensions import Extensions, read_extensions
from aad_assets_tests.fake_graph import FakeGraph, batched, failure, page

APP = "0123456789abcdef0123456789abcdef"
X, Y = f"extension_{APP}_x", f"extension_{APP}_y"
NAMED = {"id": "1", "name": X, "dataType": "Integer", "isMultiValued": True, "targetObjects": ["User", "Group"]}
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
    found = read(graph, page([NAMED, {"id": "2", "name": Y}]))
    assert [(each.name, each.type_name, sorted(each.targets)) for each in found.found] == [
        (X, "[Int32]", ["Group", "User"]),
        (Y, "String", []),
    ]
    assert found.is_proof
    assert graph.paths == ["/directoryObjects/getAvailableExtensionProperties"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "extension_a_x",
        f"extension_{APP}_",
        f"extension_{APP}_x,displayName",
        f"extension_{APP}_ü",
        "\x1b[2J",
        None,
        5,
    ],
)
def test_a_name_that_no_extension_property_can_have_is_left_out_and_costs_nothing_else(
    graph: FakeGraph, name: object
) -> None:
    found = read(graph, page([NAMED, {"id": "2", "name": name}, {"id": "3", "name": Y}]))
    assert [each.name for each in found.found] == [X, Y]
    assert found.is_proof
    assert found.problem == (
        "1 directory extension property was left out because its name is not of the form extension_<app ID>_<name>: "
        f"{name!a}."
    )
    assert graph.paths == ["/directoryObjects/getAvailableExtensionProperties"]


def test_the_names_in_a_message_are_few_and_short(graph: FakeGraph) -> None:
    found = read(graph, page([NAMED, *({"id": str(each), "name": "n" * 1_000 + str(each)} for each in range(500))]))
    assert "500 directory extension properties were left out because their names are not" in found.problem
    assert found.problem.endswith(" and 490 more.")
    assert len(found.problem) < 2_000


def test_a_row_that_is_no_object_is_left_out(graph: FakeGraph) -> None:
    found = read(graph, httpx.Response(200, json={"value": [NAMED, 5, None, NAMED | {"name": Y, "targetObjects": "User"}]}))
    assert [each.name for each in found.found] == [X, Y]
    assert found.is_proof


def test_an_empty_list_of_a_small_tenant_is_believed_but_proves_nothing(graph: FakeGraph) -> None:
    found = read(graph, page(), "1000")
    assert found == Extensions(())
    assert not found.is_proof
    assert "/applications" not in graph.paths


@pytest.mark.parametrize("principals", ["1001", "not a number"])
def test_above_a_thousand_service_principals_each_applications_own_are_read(graph: FakeGraph, principals: str) -> None:
    found = read(graph, page(), principals, page([NAMED]))
    assert {each.name for each in found.found} == {X}
    assert not found.is_proof, "those of other tenants' applications are missing"
    assert "more than 1,000 service principals. Only those of this tenant's own applications were read." in found.problem


def test_a_list_that_is_denied_is_replaced_by_each_applications_own(graph: FakeGraph) -> None:
    found = read(graph, DENIED, of_applications=page([NAMED]))
    assert {each.name for each in found.found} == {X}
    assert "Insufficient privileges" in found.problem
    assert "req-7" in found.problem


def test_if_neither_can_be_read_the_problem_names_both(graph: FakeGraph) -> None:
    found = read(graph, DENIED, of_applications=DENIED)
    assert found.found == ()
    assert not found.is_proof
    assert found.problem.count("Insufficient privileges") == 2
