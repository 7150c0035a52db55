"""Properties that many users share: office, job, licences, synchronisation, state of the account, profile.

Here belongs what a facet's variants hold; which variant a user has is decided in people.py.
"""

from ..days.calendar import Calendar
from . import licences
from .extensions import Extensions
from .names import DEPARTMENTS, JOBS, OFFICES, PROJECTS, Office
from .rendering import Object

SYNCS = 8
DISABLED = 3
_GUESTS, _OTHERS = 4, 8


def member(traits: int) -> int:
    """The state of an enabled person: one in 64 must change the password, one in 128 is a minor."""
    if traits >> 46 & 63 == 0:
        return 1
    return 2 if traits >> 52 & 127 == 0 else 0


def guest(traits: int, disabled: bool) -> int:
    """The state of a guest: invitation accepted, pending, came by self-service, disabled."""
    return _GUESTS + (3 if disabled else (0, 0, 0, 1, 2)[traits >> 46 & 3 if traits & 1 else traits % 5])


def other(index: int, disabled: bool) -> int:
    """The state of a service account or a resource account."""
    return _OTHERS + (1 if disabled else 2 * (index % 2))


def facets(calendar: Calendar, licensing_group: str, extensions: Extensions) -> dict[str, list[Object]]:
    """Each facet's variants. The last office and job are those of accounts that have none."""
    return {
        "office": [_office(office) for office in OFFICES] + [_office(None)],
        "job": [_job(number, extensions) for number in range(len(JOBS))] + [_job(None, extensions)],
        "licences": licences.facet(calendar, licensing_group),
        "sync": [_sync(number, calendar) for number in range(SYNCS)],
        "state": [_state(number) for number in range(_OTHERS + 3)],
        "profile": [_profile(number) for number in range(16)],
    }


def _office(office: Office | None) -> Object:
    return {
        "officeLocation": office and office.code,
        "city": office and office.city,
        "country": office and office.country,
        "state": office and office.state,
        "streetAddress": office and office.street,
        "postalCode": office and office.postal_code,
        "preferredLanguage": office and office.language,
        "preferredDataLocation": office and office.region,
        "usageLocation": office and office.country_code,
        "companyName": office and office.company,
        "faxNumber": office and f"{office.phone}99",
        "mailboxSettings": office
        and {
            "archiveFolder": None,
            "timeZone": "UTC",
            "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
            "dateFormat": "yyyy-MM-dd",
            "timeFormat": "HH:mm",
            "userPurpose": "user",
            "language": {"locale": office.language, "displayName": office.country},
        },
    }


def _job(number: int | None, extensions: Extensions) -> Object:
    names = list(DEPARTMENTS)
    department, title = (None, None) if number is None else JOBS[number]
    place = names.index(department) if department else 0
    project = PROJECTS[(number or 0) % len(PROJECTS)]
    return {
        "department": department,
        "jobTitle": title,
        "employeeType": None if number is None else ("Contractor" if number % 7 == 3 else "Employee"),
        "employeeOrgData": department and {"division": f"Division {place % 4 + 1}", "costCenter": f"{4000 + place * 10}"},
        **extensions.variant("User", number),
        "customSecurityAttributes": {
            "Engineering": {
                "@odata.type": "#microsoft.graph.customSecurityAttributeValue",
                "Project@odata.type": "#Collection(String)",
                "Project": [project],
                "Certification": number is not None and number % 2 == 0,
            }
        }
        if department in ("Engineering", "Security")
        else None,
    }


def _sync(number: int, calendar: Calendar) -> Object:
    attributes: Object = {f"extensionAttribute{n}": None for n in range(1, 16)}
    if number:
        attributes["extensionAttribute1"] = f"HR-{number}"
        attributes["extensionAttribute5"] = PROJECTS[number]
        attributes["extensionAttribute10"] = "true" if number % 2 else "false"
    failed = number == SYNCS - 1
    return {
        "onPremisesSyncEnabled": True if number else None,
        "onPremisesDomainName": ("corp.contoso.example", "emea.corp.contoso.example")[number % 2] if number else None,
        "onPremisesExtensionAttributes": attributes,
        "onPremisesProvisioningErrors": [
            {
                "category": "PropertyConflict",
                "occurredDateTime": calendar.stamp(-20, 700),
                "propertyCausingError": "ProxyAddresses",
                "value": "SMTP:duplicate@contoso.example",
            }
        ]
        if failed
        else [],
        "serviceProvisioningErrors": [
            {
                "@odata.type": "#microsoft.graph.serviceProvisioningXmlError",
                "createdDateTime": calendar.stamp(-20, 702),
                "isResolved": False,
                "serviceInstance": "exchange/namprd01-001-01",
                "errorDetail": "<ServiceProvisioningErrors />",
            }
        ]
        if failed
        else [],
    }


def _state(number: int) -> Object:
    is_guest, is_other = _GUESTS <= number < _OTHERS, number >= _OTHERS
    minor, resource = number == 2, number == _OTHERS + 2
    return {
        "accountEnabled": number not in (DISABLED, _GUESTS + 3, _OTHERS + 1),
        "userType": "Guest" if is_guest else "Member",
        "creationType": ("EmailVerified" if number == _GUESTS + 2 else "Invitation") if is_guest else None,
        "externalUserState": ("PendingAcceptance" if number == _GUESTS + 1 else "Accepted") if is_guest else None,
        "ageGroup": "Minor" if minor else None,
        "consentProvidedForMinor": "Granted" if minor else None,
        "legalAgeGroupClassification": "MinorWithParentalConsent" if minor else None,
        "passwordPolicies": "DisablePasswordExpiration" if is_other else None,
        "passwordProfile": {
            "password": None,
            "forceChangePasswordNextSignIn": number == 1,
            "forceChangePasswordNextSignInWithMfa": False,
        }
        if number in (0, 1)
        else None,
        "isResourceAccount": True if resource else None,
        "isManagementRestricted": True if is_other and not resource else None,
        "showInAddressList": None if is_guest else not is_other,
        "deviceEnrollmentLimit": 15 if not is_guest and not is_other else 5,
        "identityParentId": "3f8c1d52-7a40-4b8e-9a11-5d2c8e64f0aa" if resource else None,
        "print": {} if number == 1 else None,
    }


def _profile(number: int) -> Object:
    project = PROJECTS[number]
    return {
        "aboutMe": f"Working on {project} and looking for the next puzzle.",
        "interests": ["cycling", "chess"][: number % 3],
        "pastProjects": [project, PROJECTS[number + 1]],
        "responsibilities": [f"{project} roadmap"],
        "schools": ["University of Example"] if number % 2 else [],
        "skills": ["SQL", "Python", "negotiation"][: number % 4],
    }
