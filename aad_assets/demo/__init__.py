"""A demo tenant: Microsoft Graph v1.0 and its sign-in service over TLS on loopback, with a made-up directory behind them.

Imports nothing from the rest of aad_assets, and behaves as the real services do, never to suit a client. To start it:
`python -m aad_assets.demo`, or `DemoServer` from Python.
"""

from .process import DemoServer, DemoServerError

__all__ = ["DemoServer", "DemoServerError"]
