"""Whole reads of entities: collections, children, single objects and parents' keys, page by page."""
