"""What can be read: a first request before a run, and one small request per entity for `aad-assets check`."""
