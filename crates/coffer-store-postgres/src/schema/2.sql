-- Keys have a life: they are made, seal, open and are destroyed. A row of a program of version 1 is an active key that
-- was wrapped by the only one above it.
ALTER TABLE keys ADD COLUMN generation bigint NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN state bigint NOT NULL DEFAULT 2;
ALTER TABLE keys ADD COLUMN under bigint NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN active_at bigint;
ALTER TABLE keys ADD COLUMN changed_at bigint;
UPDATE keys SET active_at = created_at, changed_at = created_at WHERE tenant >= 0;
ALTER TABLE keys ALTER COLUMN active_at SET DEFAULT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint);
ALTER TABLE keys ALTER COLUMN changed_at SET DEFAULT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint);
ALTER TABLE keys ALTER COLUMN changed_at SET NOT NULL;

-- What a node says of the keys that it works with.
ALTER TABLE nodes ADD COLUMN key_revision bigint NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN root bytea NOT NULL DEFAULT ''
