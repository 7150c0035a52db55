"""Every error of this project, sorted by what its reader can do.

AadAssetsError
├── ConfigurationError          fix the setting that the message names
│   └── SignInError             fix the sign-in: the message shows the AADSTS code, the trace id and what to do
├── GraphError                  Graph returned an error: the message shows its code, text and request-id
│   ├── PermissionMissing       grant the permission
│   │   └── RoleMissing         give the person who signs in the directory role
│   ├── NotFound                turn the entity off in a cloud that does not have it
│   ├── RequestRejected         turn off what Graph rejects, or report the query
│   │   └── NextLinkRejected    reload later, and report it if it comes back
│   ├── PageTokenExpired        reload later: the collection was read from the start several times
│   └── GraphUnavailable        reload later: throttled, unreachable or failing after all retries
├── EntitySkipped               nothing failed: the run succeeds without the entity
│   ├── LicenceMissing          buy the licence
│   ├── PersonNeeded            sign in as a person
│   └── NotAvailable            turn the entity off
├── InvalidResponse             reload; report it if it happens again
│   └── NotFromGraph            check the proxy settings that the message names
├── DeadlineExceeded            raise the setting that the message names, or reload when Graph is faster
├── LoadBlocked                 look at the rows that were held back, and open the gate if they are right
└── WarehouseError              free the database: it is locked, full, or holds another tenant

Each layer turns the errors of the libraries below it into one of these.
"""

from dataclasses import dataclass

from aad_assets.masking import masked
from aad_assets.untrusted import printable_lines


class AadAssetsError(Exception):
    """Root of the hierarchy. Its text is one message for people: what is wrong, where, and what to do.

    Known secrets in the text are masked, because a server or a library may have repeated one. Control characters are
    removed, because it may quote a name.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable_lines(masked(message)))


class ConfigurationError(AadAssetsError):
    """A setting is missing or wrong. Fix the setting that the message names."""


class SignInError(ConfigurationError):
    """The identity platform rejected the sign-in. Follow the advice in the message.

    `code` is the AADSTS code as text (`AADSTS7000215`), or the OAuth error if there is none.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ErrorResponse:
    """An error of Graph: HTTP status, `error.code`, `error.message`, the request-id header, and the request.

    Status 0 means that no response could be read. `code` and `message` then describe the fault. Known secrets in the texts
    are masked.
    """

    status: int
    code: str
    message: str
    request_id: str
    request: str
    """Method and path of the request: `GET /users`."""
    inner_code: str = ""
    """`error.innerError.code`, where Graph sometimes puts the reason."""
    scopes: tuple[str, ...] = ()
    """The permissions that the message names."""

    def __post_init__(self) -> None:
        for name in ("code", "message", "request_id", "request", "inner_code"):
            object.__setattr__(self, name, masked(getattr(self, name)))

    def __str__(self) -> str:
        code = self.code or "no error code"
        text = f": {self.message}" if self.message else ""
        if not self.status:
            return f"{self.request} got no response: {code}{text}"
        return f"{self.request} returned {self.status} {code}{text} (request-id {self.request_id or 'none'})"


@dataclass(frozen=True)
class RefusedParent:
    """A parent whose children Graph refused permanently. The children that are stored stay as they are.

    `key` has the values of the parent's key, as in the path of the request; `response` is Graph's last answer.
    """

    key: tuple[str, ...]
    response: ErrorResponse


@dataclass(frozen=True)
class Refusals:
    """The parents that Graph refused in a read of the children's `table`, while it answered for others.

    `asked` is the number of parents in all.
    """

    table: str
    parents: tuple[RefusedParent, ...]
    asked: int


class GraphError(AadAssetsError):
    """Graph returned an error, which `response` holds. `advice` says what to do, if more is known than the code."""

    def __init__(self, response: ErrorResponse, advice: str = "") -> None:
        super().__init__(f"{response}. {advice}" if advice else str(response))
        self.response, self.advice = response, advice


class PermissionMissing(GraphError):
    """Graph returned 403, or 401 for a fresh token, and does not mention a licence. Grant the permission."""


class RoleMissing(PermissionMissing):
    """The person who signed in lacks a directory role, and no permission helps. Give the person the role."""


class NotFound(GraphError):
    """Graph returned 404: the object is gone, or this cloud does not have the API. Turn the entity off in that case."""


class RequestRejected(GraphError):
    """Graph returned another 4xx or 501: it does not support this query. Turn off the column or entity, or report it."""


class NextLinkRejected(RequestRejected):
    """Graph accepted the first page of a list and rejected its own link to a further one. Reload, or report it.

    `length` is the number of characters of the link.
    """

    def __init__(self, response: ErrorResponse, length: int) -> None:
        super().__init__(
            response, "Graph rejected its own nextLink, and the pages before it were discarded. Reload later, or report it"
        )
        self.length = length


class PageTokenExpired(GraphError):
    """The nextLink is no longer valid. The rows read so far are discarded and the collection is read from the start."""


class GraphUnavailable(GraphError):
    """Throttling, server errors or broken connections outlasted the retries. Reload later."""


class EntitySkipped(AadAssetsError):
    """The entity cannot be read in this tenant or with this sign-in. It is skipped, and the run still succeeds."""


class LicenceMissing(EntitySkipped, GraphError):
    """The tenant has no licence for this API. Buy the licence, or accept that the entity is skipped."""


class PersonNeeded(EntitySkipped):
    """Graph gives the entity to a signed-in person only. Sign in as a person (AAD_AUTH=delegated).

    `response` is the answer to the app's request; None if no request was made.
    """

    def __init__(self, response: ErrorResponse | None = None) -> None:
        super().__init__(str(response or ""))
        self.response = response


class NotAvailable(EntitySkipped, GraphError):
    """This tenant or cloud does not have the API (400, 404 or 501). Turn the entity off."""


class InvalidResponse(AadAssetsError):
    """A response breaks the protocol, such as a nextLink to another host or rows without a key. Nothing is published.

    Reload, and report the message if it comes back.
    """


class NotFromGraph(InvalidResponse):
    """Something between here and Graph responded: a proxy, a firewall, a sign-in page. Check the proxy settings."""


class DeadlineExceeded(AadAssetsError):
    """Reading an entity took longer than AAD_ENTITY_DEADLINE. Raise it, or reload when Graph is faster."""


class LoadBlocked(AadAssetsError):
    """A gate blocked the load, and the table is unchanged. Look at the rows that were read before you open the gate.

    `gate` is its name. `override` is the part of a run's config that opens it, or None if none does. `kept` is the file that
    has the rows that were read, or empty if they were not kept.
    """

    def __init__(self, gate: str, message: str, override: dict[str, dict[str, object]] | None = None, kept: str = "") -> None:
        super().__init__(message)
        self.gate = gate
        self.override = override
        self.kept = kept


class WarehouseError(AadAssetsError):
    """The database cannot take the load now, and the tables are unchanged. Free the database and reload."""
