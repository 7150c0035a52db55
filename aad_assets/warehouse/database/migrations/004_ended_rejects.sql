-- A reject is recorded once, by the first load that had it, and marked by the first load that no longer has it. Until now every
-- load repeated the rejects that had not changed.
ALTER TABLE {meta}.rejects ADD COLUMN IF NOT EXISTS ended_load_id VARCHAR;  -- NULL while the value is rejected

CREATE OR REPLACE TEMP TABLE distinct_rejects AS
SELECT r._tenant_id, r.entity, r.key, r.column_name, r.value,
       arg_min(r.load_id, coalesce(l.started_at, '-infinity')) AS load_id, max(l.started_at) AS last_seen
FROM {meta}.rejects r LEFT JOIN {meta}.loads l USING (load_id)
GROUP BY ALL;

DELETE FROM {meta}.rejects;

-- A log's load reads some days only, so that its rejects do not end with the next load.
INSERT INTO {meta}.rejects (load_id, _tenant_id, entity, key, column_name, value, ended_load_id)
SELECT d.load_id, d._tenant_id, d.entity, d.key, d.column_name, d.value, arg_min(l.load_id, l.started_at)
FROM distinct_rejects d LEFT JOIN {meta}.loads l
    ON l.entity = d.entity AND l._tenant_id = d._tenant_id AND l.status = 'published' AND l.mode <> 'merge'
    AND l.started_at > d.last_seen
GROUP BY ALL;

DROP TABLE distinct_rejects;
