"""Every kind of fault, as a client meets it on the wire."""

import itertools
from datetime import datetime
from typing import Any

import httpx
import pytest

from aad_assets.demo.protocol.faults import KINDS

from .client import EVENTUAL, Client, error_code

USERS = "/users?$select=id&$top=10"


@pytest.mark.parametrize("kind", ["400", "404", "500", "502", "503", "504"])
def test_errors(broken: Client, kind: str) -> None:
    broken.demo.faults([{"kind": kind, "times": 1}])
    assert broken.get(USERS).status_code == int(kind)
    assert broken.get(USERS).status_code == 200


@pytest.mark.parametrize(("fields", "header"), [({"retry_after": 3}, "3"), ({"retry_after": None}, None)])
def test_throttling(broken: Client, fields: dict[str, Any], header: str | None) -> None:
    broken.demo.faults([{"kind": "429", "path": "/users", "times": 1, **fields}])
    assert broken.get("/groups").status_code == 200
    answer = broken.get(USERS)
    assert error_code(answer) == (429, "TooManyRequests")
    assert answer.headers.get("Retry-After") == header


def test_cut_bodies(broken: Client) -> None:
    broken.demo.faults([{"kind": "cut", "times": 2}])
    for _ in range(2):  # once with content-length, once chunked
        with pytest.raises(httpx.RemoteProtocolError):
            broken.get(USERS)
    assert broken.get(USERS).status_code == 200


def test_dropped_connections(broken: Client) -> None:
    broken.demo.faults([{"kind": "drop", "times": 1}])
    with pytest.raises(httpx.TransportError):
        broken.get(USERS)
    assert broken.get(USERS).status_code == 200


def test_garbage(broken: Client) -> None:
    broken.demo.faults([{"kind": "garbage", "times": 1}])
    answer = broken.get(USERS)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_expired_page(broken: Client) -> None:
    broken.demo.faults([{"kind": "expired_page", "times": 1}])
    link = broken.get(USERS).json()["@odata.nextLink"]
    assert error_code(broken.get(link)) == (400, "Directory_ExpiredPageToken")


def test_empty_pages_lose_nothing(broken: Client) -> None:
    broken.demo.faults([{"kind": "empty_page"}])
    pages = [page["value"] for page in broken.pages(USERS)]
    assert [] in pages
    assert sum(map(len, pages)) == broken.demo.users


def test_repeated_rows(broken: Client) -> None:
    broken.demo.faults([{"kind": "repeat_row", "times": 2}])
    rows = [row["id"] for row in broken.rows(USERS)]
    assert len(rows) == broken.demo.users + 2
    assert len(set(rows)) == broken.demo.users


def test_same_link(broken: Client) -> None:
    broken.demo.faults([{"kind": "same_link"}])
    assert broken.get(USERS).json()["@odata.nextLink"] == broken.demo.graph_base_url + USERS


def test_an_endless_chain_repeats_its_last_page_with_new_tokens(broken: Client) -> None:
    broken.demo.faults([{"kind": "endless"}])
    pages = list(itertools.islice(broken.pages(USERS), broken.demo.users // 10 + 3))
    assert pages[-1]["value"] == pages[-3]["value"] != []
    links = [page["@odata.nextLink"] for page in pages]
    assert len(set(links)) == len(links)


def test_a_trickling_body_arrives_whole(broken: Client) -> None:
    whole = broken.get("/users?$select=id&$top=1").json()["value"]
    broken.demo.faults([{"kind": "trickle", "ms": 0.1}])
    assert broken.get("/users?$select=id&$top=1").json()["value"] == whole


@pytest.mark.parametrize("status", [200, 403])
def test_a_page_of_a_proxy(broken: Client, status: int) -> None:
    broken.demo.faults([{"kind": "html", "status": status}])
    answer = broken.get(USERS)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "request-id" not in answer.headers


def test_foreign_link(broken: Client) -> None:
    broken.demo.faults([{"kind": "foreign_link"}])
    link = broken.get(USERS).json()["@odata.nextLink"]
    assert httpx.URL(link).host != httpx.URL(broken.demo.graph_base_url).host


def test_last_page_lost(broken: Client) -> None:
    broken.demo.faults([{"kind": "last_page_lost"}])
    assert len(broken.rows(USERS)) == broken.demo.users - 10


def test_shrunk(broken: Client) -> None:
    whole = [row["id"] for row in broken.rows(USERS)]
    broken.demo.faults([{"kind": "shrink", "path": "/users", "share": 0.4}])
    assert [row["id"] for row in broken.rows(USERS)] == whole[: len(whole) * 2 // 5]
    assert broken.get("/users/$count", **EVENTUAL).text == str(len(whole) * 2 // 5)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_-.!^~"
    shards = [broken.rows(f"{USERS}&$filter=startsWith(userPrincipalName,'{letter}')") for letter in letters]
    assert {row["id"] for shard in shards for row in shard} <= set(whole[: len(whole) * 2 // 5])
    assert len(list(broken.demo.objects("users"))) == len(whole)
    broken.demo.faults([{"kind": "shrink", "path": "/auditLogs", "share": 0.5}])
    day = "createdDateTime ge 2026-11-10T00:00:00Z and createdDateTime lt 2026-11-11T00:00:00Z"
    broken.demo.set_now(datetime(2026, 11, 12))
    half = broken.rows(f"/auditLogs/signIns?$filter={day}")
    broken.demo.clear_faults()
    assert len(half) == round(len(broken.rows(f"/auditLogs/signIns?$filter={day}")) / 2) > 0


def test_nothing_is_left(broken: Client) -> None:
    broken.demo.faults([{"kind": "shrink", "path": "/groups", "share": 0}])
    assert broken.rows("/groups") == []
    assert broken.get("/groups/$count", **EVENTUAL).text == "0"


def test_a_wrong_count(broken: Client) -> None:
    broken.demo.faults([{"kind": "count_wrong", "path": "/users", "by": 7}])
    users = broken.demo.users
    assert broken.get("/users/$count", **EVENTUAL).text == str(users + 7)
    assert broken.get("/users?$count=true", **EVENTUAL).json()["@odata.count"] == users + 7
    assert len(broken.rows(USERS)) == users


def test_permission_lost_half_way(broken: Client) -> None:
    broken.demo.faults([{"kind": "deny", "path": "/users", "page": 3}])
    first = broken.get(USERS).json()
    second = broken.get(first["@odata.nextLink"]).json()
    assert error_code(broken.get(second["@odata.nextLink"])) == (403, "Authorization_RequestDenied")
    assert broken.get(USERS).status_code == 200


def test_denied_and_unlicensed(broken: Client) -> None:
    broken.demo.faults([{"kind": "deny", "path": "/users"}, {"kind": "unlicensed", "path": "/groups"}])
    assert error_code(broken.get(USERS)) == (403, "Authorization_RequestDenied")
    assert error_code(broken.get("/groups")) == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")


def test_refused_select(broken: Client) -> None:
    broken.demo.faults([{"kind": "refuse_select", "property": "city", "status": 501}])
    assert broken.get("/users?$select=id,city").status_code == 501
    assert broken.get("/users?$select=id").status_code == 200


def test_expired_token(broken: Client) -> None:
    broken.token()
    broken.demo.faults([{"kind": "expire_token"}])
    assert error_code(broken.get(USERS)) == (401, "InvalidAuthenticationToken")
    broken.forget_token()
    assert broken.get(USERS).status_code == 200


def test_garbled_property(broken: Client) -> None:
    broken.demo.faults([{"kind": "garbled_property", "path": "/users", "property": "accountEnabled"}])
    rows = broken.get("/users?$select=id,accountEnabled&$top=5").json()["value"]
    assert {row["accountEnabled"] for row in rows} == {"garbled"}


def test_null_property(broken: Client) -> None:
    broken.demo.faults([{"kind": "null_property", "property": "displayName"}])
    rows = broken.rows("/users?$select=id,displayName&$top=30")
    assert {row["displayName"] for row in rows} == {None}


def test_several_null_properties(broken: Client) -> None:
    names = ("displayName", "mail")
    broken.demo.faults([{"kind": "null_property", "path": "/users", "property": name} for name in names])
    rows = broken.rows("/users?$select=id,displayName,mail&$top=30")
    assert {row[name] for row in rows for name in names} == {None}


def test_unknown_property(broken: Client) -> None:
    broken.demo.faults([{"kind": "unknown_property"}])
    assert set(broken.get(USERS).json()["value"][0]) == {"id", "undeclaredProperty", "DisplayNAME"}


def test_latency(broken: Client) -> None:
    broken.demo.faults([{"kind": "latency", "ms": 30}])
    assert broken.get(USERS).elapsed.total_seconds() >= 0.03


@pytest.mark.parametrize("kind", ["503", "429"])
def test_sign_in_faults(broken: Client, kind: str) -> None:
    broken.demo.faults([{"kind": kind, "path": "oauth2", "times": 1}])
    assert broken.sign_in().status_code == int(kind)
    assert broken.sign_in().status_code == 200


def test_dropped_sign_in(broken: Client) -> None:
    broken.demo.faults([{"kind": "drop", "path": "oauth2", "times": 1}])
    with pytest.raises(httpx.TransportError):
        broken.sign_in()
    assert broken.sign_in().status_code == 200


def test_rates_are_repeatable(broken: Client) -> None:
    def run() -> list[int]:
        broken.demo.faults([{"kind": "503", "rate": 0.5}])
        return [broken.get("/organization?$select=id").status_code for _ in range(20)]

    first = run()
    assert set(first) == {200, 503}
    assert run() == first


def test_bad_rules_are_refused(broken: Client) -> None:
    url = f"{broken.demo.authority_url}/_demo/faults"
    for rule in ({"kind": "nothing"}, {"kind": "503", "often": 1}):
        assert broken.http.put(url, json=[rule]).status_code == 400
    assert "cut" in KINDS
