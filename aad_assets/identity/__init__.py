"""How to sign in: the authority, credentials, a person's sign-in and its token cache.

Nothing in this package knows Dagster, DuckDB or Graph. The Graph client asks a `TokenSource` for a token and nothing else.
"""
