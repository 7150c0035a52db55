"""Conditional access, and what its policies refer to."""

from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Family, Group

ENTITIES = (
    Entity(
        table="conditional_access_policies",
        path="/identity/conditionalAccess/policies",
        type="conditionalAccessPolicy",
        group=Group.CONDITIONAL_ACCESS,
        description="Conditional access policies: users, apps, conditions and controls.",
        permissions=("Policy.Read.All",),
        family=Family.PROTECTION,
        embedded=("grantControls.authenticationStrength",),
    ),
    Entity(
        table="named_locations",
        path="/identity/conditionalAccess/namedLocations",
        type="namedLocation",
        group=Group.CONDITIONAL_ACCESS,
        description="IP ranges and countries that conditional access policies refer to by name.",
        permissions=("Policy.Read.All",),
        family=Family.PROTECTION,
        subtypes=("countryNamedLocation", "ipNamedLocation"),
    ),
    Entity(
        table="authentication_context_class_references",
        path="/identity/conditionalAccess/authenticationContextClassReferences",
        type="authenticationContextClassReference",
        group=Group.CONDITIONAL_ACCESS,
        description="Authentication contexts that applications can request from conditional access.",
        permissions=("AuthenticationContext.Read.All",),
    ),
    Entity(
        table="conditional_access_templates",
        path="/identity/conditionalAccess/templates",
        type="conditionalAccessTemplate",
        group=Group.CONDITIONAL_ACCESS,
        description="Microsoft's templates for conditional access policies.",
        permissions=("Policy.Read.All",),
    ),
    Entity(
        table="authentication_strength_policies",
        path="/policies/authenticationStrengthPolicies",
        type="authenticationStrengthPolicy",
        group=Group.CONDITIONAL_ACCESS,
        description="Authentication strengths: combinations of methods that conditional access policies can require.",
        permissions=("Policy.Read.AuthenticationMethod",),
        inline=("combinationConfigurations",),
    ),
)
