"""The reload: what joins reading and landing."""
