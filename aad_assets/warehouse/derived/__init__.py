"""Views that are made of the tables: as of a moment, without nested types, and their comments."""
