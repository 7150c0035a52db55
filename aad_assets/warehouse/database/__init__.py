"""The database itself: attached for one writer at a time, migrated, copied and compacted."""
