"""Rows on their way in: validated, spooled and typed in a private folder."""
