"""One request at a time: the client, its retries and rate limits, batches, and what an error response means."""
