"""Reading the database from Python: rows and changes, as people and BI tools see them."""
