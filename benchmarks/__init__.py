"""Measurements of speed and memory, run by hand (`make bench`). No test: figures depend on the machine."""
