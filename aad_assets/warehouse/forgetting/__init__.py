"""Deleting what the database holds of one column or of one person, and nothing else."""
