"""The Microsoft identity platform of one tenant: sign-in for apps, people, devices and managed identities, and its tokens.

One module for each way to a token; `tenant.py` joins them to the endpoints. What a token allows is decided in graph.py.
"""

from .registration import Registration, register
from .tenant import Identity

__all__ = ["Identity", "Registration", "register"]
