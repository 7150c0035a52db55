"""Probes of children of which Graph refuses some parents."""

import httpx
import pytest

from aad_assets.graph.probing.findings import Status
from aad_assets_tests.fake_graph import FakeGraph, failure, page
from aad_assets_tests.graph.test_entity_probe import REVIEWS, by_path, one

MEMBERS = {f"/groups/g{n}/members": page([{"id": f"m{n}", "@odata.type": "#microsoft.graph.user"}]) for n in range(6)}
FORBIDDEN = failure(403, "Forbidden", "Not this one.")


@pytest.mark.parametrize("refusal", [FORBIDDEN, failure(400, "BadRequest")], ids=["403", "400"])
def test_a_parent_that_is_refused_is_no_finding_if_another_answers(graph: FakeGraph, refusal: httpx.Response) -> None:
    graph.handler = by_path({"/groups": page([f"g{n}" for n in range(6)]), **MEMBERS, "/groups/g0/members": refusal})
    found = one(graph, "group_members", granted=["GroupMember.Read.All"])
    assert found.status is Status.READABLE
    assert found.note.startswith("Graph refuses 1 of 2 parents: GET /groups/g0/members returned 40")


def test_a_permission_is_missing_if_every_parent_is_refused(graph: FakeGraph) -> None:
    graph.handler = by_path({"/groups": page([f"g{n}" for n in range(6)]), **dict.fromkeys(MEMBERS, FORBIDDEN)})
    for granted, requests, status in [
        (["GroupMember.Read.All"], 5, Status.REFUSED),
        (["Directory.Read.All"], 5, Status.PERMISSION),
        (["User.Read.All"], 1, Status.PERMISSION),
    ]:
        graph.requests.clear()
        assert one(graph, "group_members", granted=granted).status is status
        assert len([path for path in graph.paths if path.endswith("/members")]) == requests


def test_a_review_that_is_refused_does_not_hide_the_instances_of_others(graph: FakeGraph) -> None:
    below = f"{REVIEWS}/d2/instances"
    graph.handler = by_path(
        {
            REVIEWS: page(["d1", "d2"]),
            f"{REVIEWS}/d1/instances": failure(400, "BadRequest"),
            below: page(["i1"]),
            f"{below}/i1/decisions": page(["x"]),
        }
    )
    granted = ["AccessReview.Read.All"]
    assert one(graph, "access_review_instances", granted=granted).status is Status.READABLE
    found = one(graph, "access_review_decisions", granted=granted)
    assert (found.status, found.note) == (Status.READABLE, "")
    graph.handler = by_path({REVIEWS: page(["d1"]), f"{REVIEWS}/d1/instances": failure(400, "BadRequest")})
    assert one(graph, "access_review_decisions", granted=granted).status is Status.ERROR
