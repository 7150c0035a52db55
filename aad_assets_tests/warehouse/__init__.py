"""Tests of the warehouse. They run on every supported DuckDB."""
