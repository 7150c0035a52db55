"""HOW to land it: prove, stage, compare, publish. Knows neither Dagster nor HTTP."""
