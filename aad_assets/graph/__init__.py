"""Microsoft Graph: single requests, whole reads of entities, and probes of what can be read.

The package knows nothing of Dagster or DuckDB. Imports run downwards: probing → reading → requests.
"""
