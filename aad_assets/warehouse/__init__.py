"""The database side: validate, stage, compare, publish, read. It imports neither Dagster nor an HTTP library."""
