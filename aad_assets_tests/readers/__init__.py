"""Databases as other programs read them: those of several days, and a script that compares them with any DuckDB."""
