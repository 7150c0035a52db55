"""Probing a tenant: sign in, and probe every entity."""

from collections.abc import Callable, Sequence

from aad_assets.catalog import Entity
from aad_assets.catalog.access import Access
from aad_assets.catalog.extensions import with_extensions
from aad_assets.graph.probing.entity import EntityProbe
from aad_assets.graph.probing.findings import Finding, Report
from aad_assets.graph.probing.preflight import preflight
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryPolicy
from aad_assets.identity.claims import granted_permissions
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport

RETRY = RetryPolicy(attempts=3, max_wait=60.0)
"""Short, because a fault that lasts is a finding, too."""


async def probe_tenant(
    connection: Connection,
    entities: Sequence[Entity],
    *,
    sample: bool = False,
    on_finding: Callable[[Finding], None] = lambda _: None,
) -> Report:
    """Sign in and probe all `entities`. Call `on_finding` with each finding as it is made.

    With `sample`, also look for undeclared members. The report lists the findings in the entities' order. Raises
    ConfigurationError if a setting is wrong, the sign-in fails or Graph is unreachable.
    """
    connection.check()
    transport = Transport(connection)
    tokens = TokenSource(connection, transport)
    rate_limits = RateLimits(connection.quota_share)
    tenant_id = await tokens.tenant_id()
    access = Access(granted_permissions(await tokens.token()), connection.auth_method == "delegated")
    await preflight(connection.base_url, tokens, transport, rate_limits)
    async with GraphClient(connection.base_url, tokens, transport, rate_limits, RETRY) as client:
        probe = EntityProbe(client, access, sample=sample)
        try:
            extensions = await probe.read_extensions() if any(entity.extensible for entity in entities) else None
            known = extensions.found if extensions else ()
            tried = [with_extensions(entity, known) if entity.extensible else entity for entity in entities]
            findings = await probe.probe_all(tried, on_finding)
        finally:
            await probe.close()
    return Report(tenant_id, access.granted, findings, extensions)
