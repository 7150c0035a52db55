-- Since when a column or field is known that was added to an existing table.
CREATE TABLE IF NOT EXISTS {meta}.added_columns (
    entity VARCHAR,
    _tenant_id VARCHAR,
    column_name VARCHAR,  -- a column, or a field of it such as info.size
    known_since TIMESTAMPTZ,
    load_id VARCHAR  -- the load that added it
);

INSERT INTO {meta}.added_columns
SELECT entity, _tenant_id, change->>'column', max(published_at), arg_max(load_id, published_at)
FROM (
    SELECT entity, _tenant_id, published_at, load_id, unnest(schema_changes::JSON[]) AS change
    FROM {meta}.loads WHERE status = 'published'
)
WHERE change->>'change' = 'added'
GROUP BY ALL;
