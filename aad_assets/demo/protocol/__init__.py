"""Microsoft Graph's protocol: paths, query options, pages, $batch, permissions, quotas, errors, and faults on demand."""
