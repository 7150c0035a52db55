"""A person at the demo tenant's sign-in pages, without a browser: fills in the forms."""

import html
import re
import ssl

import httpx

from aad_assets.demo import DemoServer

_FIELD = re.compile(r'<input type=hidden name="([^"]*)" value="([^"]*)">')


class Person:
    """The demo tenant's user."""

    def __init__(self, demo: DemoServer) -> None:
        self._demo = demo
        self._http = httpx.Client(verify=ssl.create_default_context(cafile=demo.ca_bundle), trust_env=False)

    def close(self) -> None:
        self._http.close()

    def decide(self, address: str, decision: str = "accept", password: str = "") -> httpx.Response:
        """Submit the sign-in form and return the response."""
        page = self._http.get(address)
        assert page.status_code == 200, page.text
        form = {html.unescape(name): html.unescape(value) for name, value in _FIELD.findall(page.text)}
        return self._http.post(address.split("?")[0], data={**form, **self._credentials(password), "decision": decision})

    def sign_in(self, address: str, decision: str = "accept") -> str:
        """Sign in and return the URL that the browser is redirected to."""
        response = self.decide(address, decision)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def enter(self, user_code: str, decision: str = "accept") -> httpx.Response:
        """Enter the code of a device code flow."""
        url = f"{self._demo.authority_url}/common/oauth2/deviceauth"
        return self._http.post(url, data={"otc": user_code, **self._credentials(), "decision": decision})

    def _credentials(self, password: str = "") -> dict[str, str]:
        return {"login": self._demo.user_name, "passwd": password or self._demo.user_password}
