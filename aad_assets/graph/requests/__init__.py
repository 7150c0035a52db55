"""One request at a time: the client, retries, rate limits, batches and error responses."""
