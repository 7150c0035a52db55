-- Runs, what each history covers, and the moment that the session variable as_of stands for.
CREATE TABLE IF NOT EXISTS {meta}.run_times (
    run_id VARCHAR,
    _tenant_id VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ  -- NULL while the run goes on, and if it was killed
);

CREATE TABLE IF NOT EXISTS {meta}.coverage (
    entity VARCHAR,
    since TIMESTAMPTZ,
    until TIMESTAMPTZ  -- NULL while history is on
);

CREATE TABLE IF NOT EXISTS {meta}.definitions (
    owner VARCHAR,  -- a table or view
    views VARCHAR[],  -- the views of other schemas that are made of it, as schema.name
    digest VARCHAR  -- of the statements that create them, and of their comments
);

-- A table counts once in a run, by its worst load: a log has a load for each day. Loads of earlier releases may have no run.
CREATE OR REPLACE VIEW {meta}.runs AS
WITH tables AS (
    SELECT coalesce(nullif(run_id, ''), load_id) AS run_id, _tenant_id, entity,
           min(started_at) AS started_at, max(coalesce(published_at, started_at)) AS ended_at,
           CASE WHEN bool_or(status = 'failed') THEN 'failed' WHEN bool_or(status = 'blocked') THEN 'blocked'
                WHEN bool_or(status = 'published') THEN 'published' ELSE 'skipped' END AS status
    FROM {schema}.loads
    GROUP BY ALL
), derived AS (
    SELECT run_id, _tenant_id, min(started_at) AS started_at, max(ended_at) AS ended_at,
           count(*) FILTER (status = 'published') AS published, count(*) FILTER (status = 'blocked') AS blocked,
           count(*) FILTER (status = 'failed') AS failed, count(*) FILTER (status = 'skipped') AS skipped
    FROM tables
    GROUP BY ALL
)
SELECT run_id, _tenant_id, coalesce(r.started_at, d.started_at) AS started_at, coalesce(r.ended_at, d.ended_at) AS ended_at,
       coalesce(d.published, 0) AS published, coalesce(d.blocked, 0) AS blocked, coalesce(d.failed, 0) AS failed,
       coalesce(d.skipped, 0) AS skipped
FROM derived d FULL JOIN {schema}.run_times r USING (run_id, _tenant_id);

-- One row. A run publishes from its first load to its last, so that a moment in between would show half of it. Runs that
-- overlap publish together. No moment is set: NULL.
CREATE OR REPLACE VIEW {meta}.as_of AS
WITH publishing AS (
    SELECT min(published_at) AS since, max(published_at) AS until
    FROM {schema}.loads
    WHERE status = 'published' AND getvariable('as_of') IS NOT NULL
    GROUP BY coalesce(nullif(run_id, ''), load_id)
    HAVING min(published_at) < max(published_at)
), marked AS (
    SELECT since, until,
           since > max(until) OVER (ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_apart
    FROM publishing
), numbered AS (
    SELECT since, until, count(*) FILTER (is_apart) OVER (ORDER BY since, until) AS number FROM marked
), together AS (
    SELECT min(since) AS since, max(until) AS until FROM numbered GROUP BY number
)
SELECT a.asked, coalesce(p.since - INTERVAL 1 MICROSECOND, a.asked) AS moment, p.until AS published_until
FROM (SELECT getvariable('as_of')::TIMESTAMPTZ AS asked) a
LEFT JOIN together p ON p.since <= a.asked AND a.asked < p.until;

-- The tables whose history does not cover the moment, with the error that says so.
CREATE OR REPLACE VIEW {meta}.unrecorded AS
WITH spans AS (
    SELECT entity, since, until,
           replace(strftime(make_timestamp(epoch_us(since)), '%Y-%m-%d %H:%M:%S.%f+00:00'), '.000000', '') AS since_text,
           replace(strftime(make_timestamp(epoch_us(until)), '%Y-%m-%d %H:%M:%S.%f+00:00'), '.000000', '') AS until_text
    FROM {schema}.coverage
), asked AS (
    SELECT moment, replace(strftime(make_timestamp(epoch_us(published_until)), '%Y-%m-%d %H:%M:%S.%f+00:00'), '.000000', '')
        AS published_until
    FROM {schema}.as_of
    WHERE asked IS NOT NULL
)
SELECT s.entity, min(s.since) AS since,
       s.entity || ' has history only '
       || string_agg('from ' || since_text || coalesce(' to ' || until_text, ' on'), ' and ' ORDER BY s.since)
       || coalesce('; a run was publishing until ' || any_value(a.published_until), '') || '. Choose a moment in that time.'
       AS problem
FROM spans s CROSS JOIN asked a
GROUP BY s.entity
HAVING NOT bool_or(s.since <= a.moment AND (s.until IS NULL OR a.moment < s.until));

-- DuckDB takes no comments on schemas.
CREATE OR REPLACE VIEW {meta}.schemas AS
SELECT * FROM (VALUES
    ('{name}', 'The tables and views as they are now.'),
    ('{name}_at', 'The same as of the session variable as_of.'),
    ('{name}_flat', 'The same without nested types, for spreadsheets and BI tools.'),
    ('{name}_history', 'Every version of every row, and a macro <table>_at(moment) for each table.'),
    ('{name}_kql', 'Views named as the tables of Azure Monitor, if AAD_KQL_VIEWS is on.'),
    ('{name}_meta', 'The bookkeeping: loads, runs, changes, rejects, and what the history covers.')
) AS schemas (schema_name, comment);
