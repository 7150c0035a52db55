-- The bookkeeping tables of the first release. Databases that it wrote have them already, without a version.
CREATE TABLE IF NOT EXISTS {meta}.loads (
    load_id VARCHAR,
    entity VARCHAR,
    _tenant_id VARCHAR,
    run_id VARCHAR,
    started_at TIMESTAMPTZ,
    published_at TIMESTAMPTZ,
    status VARCHAR,  -- published, blocked, failed, skipped
    reason VARCHAR,
    mode VARCHAR,
    rows BIGINT,
    inserted BIGINT,
    updated BIGINT,
    deleted BIGINT,
    unchanged BIGINT,
    duplicates BIGINT,
    rejected BIGINT,
    requests BIGINT,
    retries BIGINT,
    throttled_seconds DOUBLE,
    bytes BIGINT,
    schema_changes JSON
);

CREATE TABLE IF NOT EXISTS {meta}.rejects (
    load_id VARCHAR,
    _tenant_id VARCHAR,
    entity VARCHAR,
    key VARCHAR,
    column_name VARCHAR,
    value VARCHAR  -- as JSON text; VARCHAR because DuckDB rejects a lone surrogate in JSON
);

CREATE TABLE IF NOT EXISTS {meta}.changes (
    load_id VARCHAR,
    changed_at TIMESTAMPTZ,
    _tenant_id VARCHAR,
    entity VARCHAR,
    key VARCHAR,  -- the key's values, joined by |
    change VARCHAR,  -- insert, update, delete
    column_name VARCHAR,  -- NULL when the whole row was inserted or deleted
    old_value JSON,
    new_value JSON
);

CREATE TABLE IF NOT EXISTS {meta}.log_days (
    entity VARCHAR,
    _tenant_id VARCHAR,
    day DATE,  -- UTC
    whole BOOLEAN,  -- the day was over before it was read
    load_id VARCHAR  -- the last load that read it
);
