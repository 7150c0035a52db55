"""A raw client for the demo tenant: httpx and nothing clever. What the project's own client does is tested elsewhere."""

import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from aad_assets.demo import DemoServer
from aad_assets.demo.collections import BETA, Collection
from aad_assets.demo.directory.rendering import NAVIGATION
from aad_assets_tests.person import Person

EVENTUAL = {"ConsistencyLevel": "eventual"}
Json = dict[str, Any]


class Client:
    """Signed in on first use; never retries."""

    def __init__(self, demo: DemoServer) -> None:
        self.demo = demo
        self.http = httpx.Client(verify=ssl.create_default_context(cafile=demo.ca_bundle), trust_env=False)
        self._token: str | None = None

    def close(self) -> None:
        self.http.close()

    def form(self, **changes: str) -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.demo.client_id,
            "client_secret": self.demo.client_secret,
            "scope": f"{self.demo.authority_url}/.default",
            **changes,
        }
        return {name: value for name, value in form.items() if value}

    def sign_in(self, tenant: str | None = None, **changes: str) -> httpx.Response:
        url = f"{self.demo.authority_url}/{tenant or self.demo.tenant_id}/oauth2/v2.0/token"
        return self.http.post(url, data=self.form(**changes))

    def token(self) -> str:
        if self._token is None:
            self._token = str(self.sign_in().json()["access_token"])
        return self._token

    def forget_token(self) -> None:
        self._token = None

    def get(self, url: str, **headers: str) -> httpx.Response:
        if url.startswith("/beta/"):
            url = self.demo.graph_base_url.removesuffix("/v1.0") + url
        url = url if url.startswith("https:") else self.demo.graph_base_url + url
        return self.http.get(url, headers={"Authorization": f"Bearer {self.token()}", **headers})

    def pages(self, url: str, **headers: str) -> Iterator[Json]:
        """Every page; at most 1,000, so that an endless chain fails."""
        following: str | None = url
        for _ in range(1000):
            if following is None:
                return
            answer = self.get(following, **headers)
            assert answer.status_code == 200, answer.text
            page: Json = answer.json()
            yield page
            following = page.get("@odata.nextLink")
        raise AssertionError("the chain of pages does not end")

    def rows(self, url: str, **headers: str) -> list[Json]:
        return [bare(row) for page in self.pages(url, **headers) for row in page["value"]]

    def batch(self, requests: list[Json]) -> httpx.Response:
        return self.http.post(
            f"{self.demo.graph_base_url}/$batch",
            json={"requests": requests},
            headers={"Authorization": f"Bearer {self.token()}"},
        )


class PersonalClient(Client):
    """Signed in as the demo tenant's user, by the code of a device."""

    def token(self) -> str:
        if self._token is None:
            base, app = f"{self.demo.authority_url}/{self.demo.tenant_id}/oauth2/v2.0", self.demo.public_client_id
            scope = f"{self.demo.authority_url}/.default"
            begun = self.http.post(f"{base}/devicecode", data={"client_id": app, "scope": scope}).json()
            person = Person(self.demo)
            assert person.enter(begun["user_code"]).status_code == 200
            person.close()
            grant = "urn:ietf:params:oauth:grant-type:device_code"
            code = {"device_code": begun["device_code"], "client_id": app}
            answer = self.sign_in(grant_type=grant, **code, scope="", client_secret="")
            self._token = str(answer.json()["access_token"])
        return self._token


def expanding(collection: Collection) -> str:
    """Return the query option that brings every navigation property, and those inside them; empty if there are none."""

    def expand(names: Iterable[str], type_: str, depth: int) -> str:
        return ",".join(f"{name}{inside(NAVIGATION[type_][name], depth)}" for name in names)

    def inside(type_: str, depth: int) -> str:
        return f"($expand={expand(NAVIGATION[type_], type_, depth - 1)})" if depth and type_ in NAVIGATION else ""

    return f"$expand={expand(collection.inside, collection.type, 2)}&" if collection.inside else ""


def bare(value: Any) -> Any:
    """A value of a row without the contexts in it."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if isinstance(value, dict):
        return {name: bare(each) for name, each in value.items() if not name.endswith("@odata.context")}
    return value


def where(collection: Collection) -> str:
    """Return the path of a collection, with the version if it is beta."""
    return f"/beta{collection.path}" if collection.version == BETA else collection.path


def asking(client: Client, collection: Collection) -> str:
    """The path of a list, with the filter it cannot do without, ready for more options."""
    if not collection.required:
        return f"{where(collection)}?"
    row = next(client.demo.objects(collection.table))
    conditions = [f"{name} eq '{row[name]}'" for name in collection.required[0]]
    return f"{where(collection)}?$filter={' and '.join(conditions)}&"


def error_code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
