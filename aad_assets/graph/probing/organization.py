"""The first request after a person has signed in, which shows that the stored sign-in works."""

import msgspec

from aad_assets.errors import PermissionMissing
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport


class _Organization(msgspec.Struct):
    id: str
    displayName: str = ""  # noqa: N815 - Graph's name


class _Organizations(msgspec.Struct):
    value: list[_Organization]


async def organization_name(connection: Connection, transport: Transport) -> str:
    """Ask Graph for the organization's display name with the stored sign-in, as a reload will.

    Return an empty string when the person may not read it. Raises SignInError and GraphError.
    """

    def decode(body: bytes) -> _Organizations:
        return msgspec.json.decode(body, type=_Organizations)

    tokens = TokenSource(connection, transport)
    async with GraphClient(connection.base_url, tokens, transport, RateLimits()) as client:
        try:
            found = await client.get(client.url("/organization", {"$select": "id,displayName"}), decode, Meter())
        except PermissionMissing as error:
            if error.response.status == 401:
                raise
            return ""
    return found.value[0].displayName if found.value else ""
