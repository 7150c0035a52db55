"""Tests of the warehouse layer: they run on every supported DuckDB, and need nothing but it, msgspec and hypothesis."""
