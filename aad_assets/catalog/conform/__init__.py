"""The conformance check: the catalogue's declarations compared with the files that Microsoft publishes about Graph."""
