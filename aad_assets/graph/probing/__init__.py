"""Requests that find out what can be read: one before each run, and one for each entity in `aad-assets check`."""
