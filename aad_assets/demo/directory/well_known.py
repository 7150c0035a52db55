"""Objects with a fixed purpose, which stay for ever: other areas refer to them by these numbers."""

CLIENT, EXTENSIONS, SHOWCASE = 0, 1, 2
"""The app that the demo's reader signs in as, the one that owns the directory extensions, and one that has every rare
property, so that the smallest tenant shows them all (as has one in the recycle bin)."""
APP_NAMES = ("Entra inventory", "Tenant extensions", "Payroll connector", "Badge printer")

ALL, LICENSING, GUESTS, ADMINISTRATORS, HELPDESK, DEPARTMENTS_PARENT, EMPTY, AUTOMATION, NESTED, DEVICES = range(10)
ENGINEERING, SALES = 10, 11
ROLE_ASSIGNABLE = (ADMINISTRATORS, HELPDESK)
GROUP_NAMES = (
    "Everyone in the main building",
    "Licences - Microsoft 365 E5",
    "All guests",
    "Privileged administrators",
    "Helpdesk operators",
    "All departments",
    "Nobody yet",
    "Automation accounts",
    "Company and partners",
    "All Windows devices",
    "Department Engineering",
    "Department Sales",
)

GRAPH, GALLERY, OWN_APPS = 0, 100, 1000
"""Keys of service principals: Microsoft Graph's, the first of the gallery's, the first of the tenant's own apps."""
