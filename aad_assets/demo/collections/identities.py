"""Identity providers, and how users authenticate."""

from .declaration import Collection

_PROVIDER_ROLES = ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All")

COLLECTIONS = (
    Collection(
        "identity_providers",
        "/identity/identityProviders",
        "identityProviderBase",
        lambda directory, _: directory.identities.providers,
        _PROVIDER_ROLES,
        page=None,
        family="identity_providers",
    ),
    Collection(
        "available_identity_provider_types",
        "/identity/identityProviders/availableProviderTypes",
        "Edm.String",
        lambda directory, _: directory.identities.available,
        _PROVIDER_ROLES,
        page=None,
        family="identity_providers",
        context="Collection(Edm.String)",
        form="function",
        key="",
    ),
    Collection(
        "user_authentication_methods",
        "/users/{id}/authentication/methods",
        "authenticationMethod",
        lambda directory, parents: directory.identities.methods(parents[-1]),
        ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"),
        page=None,
    ),
)
