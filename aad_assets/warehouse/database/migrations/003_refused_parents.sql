-- What Graph counted, and the parents whose children it refused while others answered.
ALTER TABLE {meta}.loads ADD COLUMN IF NOT EXISTS counted BIGINT;  -- what $count returned; NULL if it did not answer
ALTER TABLE {meta}.loads ADD COLUMN IF NOT EXISTS refused_parents BIGINT;

CREATE TABLE IF NOT EXISTS {meta}.refused_parents (
    load_id VARCHAR,
    _tenant_id VARCHAR,
    entity VARCHAR,  -- the table of the children
    key VARCHAR,  -- of the parent: the key's values, joined by |
    status INTEGER,  -- of Graph's response
    code VARCHAR,
    message VARCHAR
);
