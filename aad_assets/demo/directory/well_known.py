"""Objects with a fixed purpose, which stay for ever: other areas refer to them by these numbers."""

from ..days.population import EARLIER

NEVER = "0001-01-01T00:00:00Z"
"""The moment by which some services say that there is none."""

CLIENT, EXTENSIONS, SHOWCASE = 0, 1, 2
"""The app that the demo's reader signs in as, the one that owns the directory extensions, and one that has every rare
property, so that the smallest tenant shows them all (as has one in the recycle bin)."""
APP_NAMES = ("Entra inventory", "Tenant extensions", "Payroll connector", "Badge printer", "Expense agents", "Travel agents")

BLUEPRINTS = (4, 5, EARLIER + 1)
"""The apps from which agent identities are made; the last one is in the recycle bin."""
AGENT_USERS = (10, 33, 56, EARLIER)
"""The users of agents, one of each agent identity; the last one is in the recycle bin, as is its agent identity."""

ALL, LICENSING, GUESTS, ADMINISTRATORS, HELPDESK, DEPARTMENTS_PARENT = range(6)
EMPTY, AUTOMATION, NESTED, DEVICES, ENGINEERING, SALES = range(6, 12)
ONBOARDED = (ADMINISTRATORS, HELPDESK, EMPTY, AUTOMATION)
"""Groups that are onboarded to privileged identity management; the first two can be assigned to roles."""
GROUPS = {
    "all": "Everyone in the main building",
    "licensing": "Licences - Microsoft 365 E5",
    "guests": "All guests",
    "administrators": "Privileged administrators",
    "helpdesk": "Helpdesk operators",
    "departments": "All departments",
    "empty": "Nobody yet",
    "automation": "Automation accounts",
    "nested": "Company and partners",
    "devices": "All Windows devices",
    "engineering": "Department Engineering",
    "sales": "Department Sales",
}
"""Purpose and displayName of the groups above."""

GRAPH, GALLERY, AGENTS, OWN_APPS = 0, 100, 300, 1000
"""Keys of service principals: Microsoft Graph's, the first of the gallery's, of agent identities and of the own apps."""
