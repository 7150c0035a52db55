"""The directory: what the demo tenant contains on one day.

Every object is a pure function of (seed, day, index), rendered when a page asks for it; only indices are kept. Here belong
the generators, one module per area, and nothing about HTTP, OData or permissions.
"""

from .directory import Directory

__all__ = ["Directory"]
