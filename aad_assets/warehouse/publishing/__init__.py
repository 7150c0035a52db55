"""The transaction that publishes a load: gates, compare, history, changes and bookkeeping."""
