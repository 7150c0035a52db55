"""What can be read: a first request before a run, and one small request for each entity for `aad-assets check`."""
