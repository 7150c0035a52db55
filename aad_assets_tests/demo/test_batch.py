"""$batch: every item answered for itself."""

from typing import Any

import pytest

from .client import EVENTUAL, Client, error_code


def test_items_have_their_own_answers(client: Client) -> None:
    requests: list[dict[str, Any]] = [
        {"id": "list", "method": "GET", "url": "/users?$top=5&$select=id"},
        {"id": "missing", "method": "GET", "url": "users/00000000-1111-2222-3333-444444444444"},
        {"id": "count", "method": "GET", "url": "/users/$count", "headers": EVENTUAL},
        {"id": "plain", "method": "GET", "url": "/users/$count"},
    ]
    answer = client.batch(requests)
    assert answer.status_code == 200
    items = {item["id"]: item for item in answer.json()["responses"]}
    assert {id_: item["status"] for id_, item in items.items()} == {"list": 200, "missing": 404, "count": 200, "plain": 400}
    assert items["list"]["body"]["@odata.nextLink"].startswith(client.demo.graph_base_url)
    assert items["missing"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert items["count"]["body"] == client.demo.users


def test_next_links_of_items_go_on(client: Client) -> None:
    item = client.batch([{"id": "1", "method": "GET", "url": "/users?$top=5&$select=id"}]).json()["responses"][0]
    rest = client.rows(item["body"]["@odata.nextLink"])
    assert len(item["body"]["value"]) + len(rest) == client.demo.users


def test_answers_come_in_any_order(client: Client) -> None:
    requests = [{"id": str(n), "method": "GET", "url": "/organization?$select=id"} for n in range(20)]
    orders = {tuple(item["id"] for item in client.batch(requests).json()["responses"]) for _ in range(3)}
    assert orders != {tuple(str(n) for n in range(20))}


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(n), "method": "GET", "url": "/users"} for n in range(21)],
        [{"id": "1", "method": "GET", "url": "/users"}, {"id": "1", "method": "GET", "url": "/groups"}],
        [{"method": "GET", "url": "/users"}],
    ],
)
def test_bad_envelopes(client: Client, requests: list[dict[str, Any]]) -> None:
    assert error_code(client.batch(requests))[0] == 400


def test_faults_strike_single_items(broken: Client) -> None:
    broken.demo.faults([{"kind": "429", "path": "/users", "times": 2, "retry_after": 7}])
    requests = [{"id": str(n), "method": "GET", "url": "/users?$select=id"} for n in range(4)]
    items = broken.batch(requests).json()["responses"]
    refused = [item for item in items if item["status"] == 429]
    assert len(refused) == 2
    assert all(item["headers"]["Retry-After"] == "7" for item in refused)
