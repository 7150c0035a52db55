"""Every error of this project, sorted by what the reader can do about it.

AadAssetsError
├── ConfigurationError          mend a setting; the message names it
│   └── SignInError             the sign-in was refused: AADSTS code, trace id, what to do
├── GraphError                  Graph answered an error: code, message and request-id are shown
│   ├── PermissionMissing       grant the permission
│   ├── LicenceMissing          the tenant has no licence for it: the entity is skipped
│   ├── NotFound                no such object or API
│   ├── RequestRejected         Graph refuses this query
│   ├── PageTokenExpired        start the collection again
│   └── GraphUnavailable        passing: throttled, unreachable or broken, and the retries are used up
├── InvalidResponse             what Graph sent cannot be a whole, sound read: nothing is published
├── LoadBlocked                 a gate holds the load back; the message says which, and how to open it
└── WarehouseError              the database: locked, full, of another tenant

Not here: errors of the libraries underneath; each layer turns those into one of these.
"""

from dataclasses import dataclass


class AadAssetsError(Exception):
    """Root of the hierarchy. The text is one message for people: what happened, to what, what to do next."""


class ConfigurationError(AadAssetsError):
    """A setting is missing or wrong; the message names it."""


class SignInError(ConfigurationError):
    """The identity platform refused the sign-in.

    `code` is the AADSTS code as text (`AADSTS7000215`), or the OAuth error where there is none.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ErrorResponse:
    """What Graph said: HTTP status, `error.code`, `error.message`, the request-id header, and what was asked.

    Status 0: nothing came that could be read; `code` and `message` are the fault's.
    """

    status: int
    code: str
    message: str
    request_id: str
    path: str
    inner_code: str = ""
    """`error.innerError.code`, where Graph hides the reason now and then."""

    def __str__(self) -> str:
        shown = self.code or "no error code"
        text = f": {self.message}" if self.message else ""
        if not self.status:
            return f"{self.path} got no answer: {shown}{text}"
        return f"{self.path} answered {self.status} {shown}{text} (request-id {self.request_id or 'none'})"


class GraphError(AadAssetsError):
    """Graph answered with an error; `response` keeps it."""

    def __init__(self, response: ErrorResponse, advice: str = "") -> None:
        super().__init__(f"{response}. {advice}" if advice else str(response))
        self.response, self.advice = response, advice


class PermissionMissing(GraphError):
    """403 Authorization_RequestDenied, or 401 although the token is fresh."""


class LicenceMissing(GraphError):
    """The tenant has no licence for this API."""


class NotFound(GraphError):
    """404: the object vanished, or this cloud has no such API."""


class RequestRejected(GraphError):
    """Any other 4xx, or 501: Graph does not answer this query."""


class PageTokenExpired(GraphError):
    """The nextLink is no longer valid: the rows read so far are thrown away and the collection starts again."""


class GraphUnavailable(GraphError):
    """Throttling, server faults or broken connections outlasted the retries."""


class InvalidResponse(AadAssetsError):
    """An answer that breaks the protocol: a nextLink to another host or to itself, rows without a key, …"""


class LoadBlocked(AadAssetsError):
    """A gate holds the load back: the table is as it was.

    `gate` is its name, `override` the run's config that publishes all the same; None where there is none.
    """

    def __init__(self, gate: str, message: str, override: dict[str, dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.gate = gate
        self.override = override


class WarehouseError(AadAssetsError):
    """The database cannot take the load now; the tables are as they were."""
