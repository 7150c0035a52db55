"""The quota that a 429 belongs to. Source: learn.microsoft.com/graph/throttling-limits."""

import re
from collections.abc import Sequence

import httpx

from aad_assets.catalog import Family
from aad_assets.errors import ErrorResponse

_CATEGORY = re.compile(r"\bcategory:\s?([\w.-]+)", re.IGNORECASE)
"""`Too many requests from Identifier:… under category:throttle.msgraph.accessreviews.app.10s.`
(github.com/microsoft/terraform-provider-msgraph/issues/129); of the directory `aadgraph.app.tenant_large`
(github.com/jsa2/AADAppAudit/issues/9)."""

_INFORMATION = "x-ms-throttle-information"

_FAMILIES = {
    "aadgraph": Family.DIRECTORY,
    "accessreview": Family.ACCESS_REVIEWS,
    "entitlement": Family.ENTITLEMENT_MANAGEMENT,
    "lifecycleworkflow": Family.LIFECYCLE_WORKFLOWS,
    "pim": Family.PRIVILEGED_ACCESS,
    "privileged": Family.PRIVILEGED_ACCESS,
    "rolemanagement": Family.PRIVILEGED_ACCESS,
    "termsofuse": Family.TERMS_OF_USE,
    "identityprotection": Family.PROTECTION,
    "conditionalaccess": Family.PROTECTION,
    "auditlog": Family.REPORTS,
    "reporting": Family.REPORTS,
}
"""The family of a category, by a part of its name."""


def throttled_families(response: ErrorResponse, headers: httpx.Headers, families: Sequence[Family]) -> set[Family]:
    """Return the families that a 429 to a request of `families` pauses.

    That is the one named by the category in its message. If it names none, but the directory's resource units, the
    directory's; otherwise the last, and so the narrowest, of `families`. One of `families` is always among them, because the
    request itself has to wait.
    """
    named = _named(response, headers, families)
    if named is None:
        return {families[-1]}
    return {named} if named in families else {named, families[-1]}


def _named(response: ErrorResponse, headers: httpx.Headers, families: Sequence[Family]) -> Family | None:
    category = _CATEGORY.search(response.message)
    for text in (category[1] if category else "", headers.get("x-ms-throttle-scope", ""), headers.get(_INFORMATION, "")):
        if found := next((family for part, family in _FAMILIES.items() if part in text.lower()), None):
            return found
    is_directory = headers.get(_INFORMATION) == "ResourceUnitLimitExceeded" and Family.DIRECTORY in families
    return Family.DIRECTORY if is_directory else None
