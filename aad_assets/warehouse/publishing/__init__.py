"""The transaction that publishes a load: gates, comparison, history, changes and bookkeeping."""
