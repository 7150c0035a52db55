"""Read every table of a file with any release of DuckDB, as BI tools with an old one do: `open_all.py DATABASE`."""

import sys

import duckdb

# DuckDB 1.0 cannot read a list column whose lists are all empty, whoever wrote it; 1.1 can.
_WANTED = "count(*)" if duckdb.__version__.startswith("1.0.") else "count(COLUMNS(*))"


def read_all(database: str) -> int:
    """Return the number of tables, after reading every column of each."""
    connection = duckdb.connect(database, read_only=True)
    tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    for schema, table in tables:
        connection.execute(f'SELECT {_WANTED} FROM "{schema}"."{table}"').fetchall()
    connection.close()
    return len(tables)


if __name__ == "__main__":
    print(f"duckdb {duckdb.__version__}: read {read_all(sys.argv[1])} tables")
