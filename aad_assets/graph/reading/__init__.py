"""Collections, children and single objects: every page of each, as raw rows."""
