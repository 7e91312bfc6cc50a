-- What lies in the store. Whole numbers are bigint throughout; times are milliseconds since 1970 by the database's
-- clock. Record numbers rise with time, so that the tables of records are appended to.
CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);

-- The short-lived table: single-use tokens, sessions, conflicts.
CREATE TABLE tokens (
    number     bigint PRIMARY KEY,
    tenant     bigint NOT NULL,
    kind       bigint NOT NULL,
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint,
    bin        text,
    last4      text,
    brand      bigint,
    salt       bytea NOT NULL,
    protected  bytea,
    sad        bytea,
    details    bytea NOT NULL
);
CREATE INDEX tokens_by_tenant ON tokens (tenant, kind, number);

CREATE TABLE instruments (
    number      bigint PRIMARY KEY,
    tenant      bigint NOT NULL,
    generation  bigint NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    bin         text,
    last4       text,
    brand       bigint,
    fingerprint bytea,
    salt        bytea NOT NULL,
    protected   bytea NOT NULL,
    details     bytea NOT NULL
);
CREATE INDEX instruments_by_tenant ON instruments (tenant, number);

CREATE TABLE customers (
    number     bigint PRIMARY KEY,
    tenant     bigint NOT NULL,
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    salt       bytea NOT NULL,
    details    bytea NOT NULL
);

CREATE TABLE reusable_tokens (
    number      bigint PRIMARY KEY,
    tenant      bigint NOT NULL,
    generation  bigint NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    ends_at     bigint NOT NULL,
    bin         text,
    last4       text,
    brand       bigint,
    fingerprint bytea,
    salt        bytea NOT NULL,
    protected   bytea NOT NULL,
    details     bytea NOT NULL
);
CREATE INDEX reusable_tokens_by_end ON reusable_tokens (ends_at, number);

CREATE TABLE replies (
    number     bigint PRIMARY KEY,
    tenant     bigint NOT NULL,
    key        bytea NOT NULL,
    generation bigint NOT NULL,
    salt       bytea NOT NULL,
    sad        bytea,
    details    bytea NOT NULL
);
CREATE UNIQUE INDEX replies_by_key ON replies (tenant, key);

CREATE TABLE unique_keys (
    tenant bigint NOT NULL,
    kind   bigint NOT NULL,
    value  bytea NOT NULL,
    holder bigint NOT NULL,
    PRIMARY KEY (tenant, kind, value)
);

CREATE TABLE counters (
    kind    bigint NOT NULL,
    subject bytea NOT NULL,
    value   bigint NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE TABLE keys (
    tenant     bigint NOT NULL,
    purpose    bigint NOT NULL,
    version    bigint NOT NULL,
    created_at bigint NOT NULL,
    wrapped    bytea NOT NULL,
    PRIMARY KEY (tenant, purpose, version)
);

-- One row a commit. A lane is one writer's; its number is the first unit's, so that lanes rise with time.
CREATE TABLE audit (
    lane     bigint NOT NULL,
    number   bigint NOT NULL,
    position bigint NOT NULL,
    previous bytea NOT NULL,
    records  bytea NOT NULL,
    hash     bytea NOT NULL,
    PRIMARY KEY (lane, number)
);

-- The nodes that share the store, and the keys of the ring on their way between them.
CREATE TABLE nodes (
    node         bigint PRIMARY KEY,
    lease        bytea NOT NULL,
    taken_at     bigint NOT NULL,
    renewed_at   bigint NOT NULL,
    gone         boolean NOT NULL,
    exchange     bytea NOT NULL,
    clock_offset bigint NOT NULL,
    schema       bigint NOT NULL
);
CREATE UNIQUE INDEX nodes_by_lease ON nodes (lease);
CREATE TABLE ring_slots (slot bigint PRIMARY KEY);
CREATE TABLE ring_shares (
    slot   bigint NOT NULL,
    lease  bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (slot, lease)
)
