"""Sign-in to Microsoft Entra ID: the authority, credentials, delegated sign-in and its token cache.

The package knows nothing of Dagster, DuckDB or Graph. The Graph client asks a `TokenSource` for tokens and nothing else.
"""
