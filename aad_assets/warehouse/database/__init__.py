"""The database itself: attach it for one writer at a time, migrate, copy and compact it."""
