"""HOW to read Graph: sign-in, requests, throttling, collections. Knows neither Dagster nor DuckDB."""
