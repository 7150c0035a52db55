"""The changes of a day: dates, and who joins, leaves, moves and comes back. Nothing about what an object looks like."""
