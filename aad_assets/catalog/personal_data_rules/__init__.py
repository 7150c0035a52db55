"""The declaration of what is personal data: rules by table and by the name of a column.

To classify a new column, name it in the rules of its table, or in the common ones below if it means the same everywhere. Add
a new table or view to `people.py` or `others.py`.

See also: `aad_assets.catalog.personal_data`, which applies the rules.
"""

from aad_assets.catalog.personal_data_rules import others, people
from aad_assets.catalog.personal_data_rules.others import ABOUT_OTHERS
from aad_assets.catalog.personal_data_rules.people import ABOUT_PEOPLE
from aad_assets.catalog.personal_data_rules.rules import ANY, Rules

__all__ = ["ABOUT_OTHERS", "ABOUT_PEOPLE", "ANY", "RULES", "Rules"]

RULES: tuple[Rules, ...] = (
    Rules(tables=ANY, none="_tenant_id _loaded_at _deleted_at _valid_from _valid_to"),
    *people.RULES,
    *others.RULES,
    Rules(
        tables=ANY,
        sensitive="customSecurityAttributes",
        personal="""
            *principalName *mail *mails *email *emails *emailAddress *emailAddresses proxyAddresses *ipAddress
            *phone *phones *phoneNumber userDisplayName principalDisplayName createdBy lastModifiedBy justification
            onPremisesProvisioningErrors.value serviceProvisioningErrors
        """,
        pseudonymous="""
            userId principalId memberId ownerId managerId sponsorId subjectId targetObjectId requestorId requestorObjectId
            assigneeId riskyUserId approverId approverIds createdById lastModifiedById initiatedByUserId
            includeUsers excludeUsers deviceId deviceObjectId correlationId requestId *SignInRequestId signInCorrelationId
        """,
        none="""
            odataType createdDateTime modifiedDateTime deletedDateTime servicePrincipalName
            onPremisesLastSyncDateTime onPremisesSyncEnabled onPremisesProvisioningErrors.category
            onPremisesProvisioningErrors.occurredDateTime onPremisesProvisioningErrors.propertyCausingError
        """,
    ),
    # Rows of these tables get an id of their own, such as a request's, or have the person's or device's.
    Rules(tables=ABOUT_PEOPLE, personal="_extra extension_*", pseudonymous="id"),
)
"""The rules. The first that names a column decides, so those for few tables come first.

Among the names in one of them, a path comes before a name, and a whole name before one with `*`. If several match, the
highest class counts. Columns of ABOUT_OTHERS that no rule names are `none`.
"""
