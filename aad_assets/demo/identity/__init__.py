"""The Microsoft identity platform of one tenant: sign-in for apps, people, devices and managed identities, and its tokens."""

from .endpoints import Identity
from .registration import Registration

__all__ = ["Identity", "Registration"]
