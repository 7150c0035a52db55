"""Tests of the reload: reading and publishing together."""
