"""A complete, typed, verified copy of a Microsoft Entra ID tenant in DuckDB, as Dagster assets."""
