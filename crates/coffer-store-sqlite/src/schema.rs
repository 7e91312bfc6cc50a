//! The tables, and what marks a file as ours.
//!
//! All tables are `STRICT`: a value of the wrong type never gets in. There is no constraint beside the primary keys,
//! because a write must not fail for a reason of its own; what must hold is checked before it ([`crate::checks`]).

use rusqlite::{Connection, OptionalExtension};

use crate::errors::OpenError;

/// `Coff`: tells our files from those of other programs.
pub(crate) const APPLICATION_ID: i64 = 0x436f_6666;

/// The version of the tables. A file of the version before is brought here by [`migrate`]; any other number is refused,
/// whether older or newer.
pub(crate) const VERSION: i64 = 6;

/// The version that [`migrate`] knows.
const BEFORE: i64 = 5;

/// Column order matters: what the checks read stands before the blobs, so that a check touches no overflow page.
const TABLES: &str = "
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    number     INTEGER PRIMARY KEY,
    tenant     INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    bin        TEXT,
    last4      TEXT,
    brand      INTEGER,
    salt       BLOB NOT NULL,
    protected  BLOB,
    sad        BLOB,
    details    BLOB NOT NULL
) STRICT;
CREATE INDEX tokens_by_tenant ON tokens (tenant, kind, number);
CREATE TABLE instruments (
    number      INTEGER PRIMARY KEY,
    tenant      INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    bin         TEXT,
    last4       TEXT,
    brand       INTEGER,
    fingerprint BLOB,
    salt        BLOB NOT NULL,
    protected   BLOB NOT NULL,
    details     BLOB NOT NULL
) STRICT;
CREATE INDEX instruments_by_tenant ON instruments (tenant, number);
CREATE TABLE customers (
    number     INTEGER PRIMARY KEY,
    tenant     INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    salt       BLOB NOT NULL,
    details    BLOB NOT NULL
) STRICT;
CREATE TABLE reusable_tokens (
    number      INTEGER PRIMARY KEY,
    tenant      INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    bin         TEXT,
    last4       TEXT,
    brand       INTEGER,
    fingerprint BLOB,
    salt        BLOB NOT NULL,
    protected   BLOB NOT NULL,
    details     BLOB NOT NULL
) STRICT;
CREATE INDEX reusable_tokens_by_end ON reusable_tokens (ends_at, number);
CREATE TABLE replies (
    number     INTEGER PRIMARY KEY,
    tenant     INTEGER NOT NULL,
    key        BLOB NOT NULL,
    generation INTEGER NOT NULL,
    salt       BLOB NOT NULL,
    sad        BLOB,
    details    BLOB NOT NULL
) STRICT;
CREATE INDEX replies_by_key ON replies (tenant, key);
CREATE TABLE unique_keys (
    tenant INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    value  BLOB NOT NULL,
    holder INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (
    kind    INTEGER NOT NULL,
    subject BLOB NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
-- Frames of a lane that another store wrote may have any positions: only lane and number tell two frames apart.
CREATE TABLE audit (
    lane     INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    previous BLOB NOT NULL,
    records  BLOB NOT NULL,
    hash     BLOB NOT NULL,
    PRIMARY KEY (lane, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_position ON audit (position);
";

/// A key's row stays when the key is destroyed; its bytes do not.
const KEYS: &str = "
CREATE TABLE keys (
    tenant     INTEGER NOT NULL,
    purpose    INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    under      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    active_at  INTEGER,
    changed_at INTEGER NOT NULL,
    wrapped    BLOB NOT NULL,
    PRIMARY KEY (tenant, purpose, version)
) STRICT, WITHOUT ROWID;
";

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No table yet: a new file, or one whose making was cut short.
    Empty,
    /// A store of our version and environment.
    Ours,
}

/// Looks at a file without changing it. Refuses what is not a store, or one of another version or environment.
pub(crate) fn inspect(connection: &Connection, environment: &'static str) -> Result<Found, OpenError> {
    let id = pragma(connection, "application_id")?;
    let version = pragma(connection, "user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (id, version, tables) == (0, 0, 0) {
        return Ok(Found::Empty);
    }
    if id != APPLICATION_ID {
        return Err(OpenError::NotAStore);
    }
    if version == BEFORE {
        return Err(OpenError::Older { found: version, wanted: VERSION });
    }
    if version != VERSION {
        return Err(OpenError::Version { found: version, wanted: VERSION });
    }
    check_environment(connection, environment)?;
    Ok(Found::Ours)
}

/// Refuses a store of another environment.
pub(crate) fn check_environment(connection: &Connection, environment: &'static str) -> Result<(), OpenError> {
    let found: String =
        connection.query_row("SELECT value FROM meta WHERE name = 'environment'", [], |row| row.get(0))?;
    if found == environment { Ok(()) } else { Err(OpenError::Environment { found, wanted: environment }) }
}

/// What the store says of an import that has begun and not ended.
pub(crate) fn importing(connection: &Connection) -> Result<Option<String>, OpenError> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE name = 'importing'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// Says it, or that there is none any more.
pub(crate) fn set_importing(connection: &Connection, said: Option<&str>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM meta WHERE name = 'importing'", [])?;
    if let Some(said) = said {
        connection.execute("INSERT INTO meta (name, value) VALUES ('importing', ?1)", [said])?;
    }
    Ok(())
}

/// Makes the tables in one transaction: a crash leaves either nothing or all of it.
pub(crate) fn create(connection: &Connection, environment: &'static str) -> Result<(), OpenError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(KEYS)?;
    connection.execute("INSERT INTO meta (name, value) VALUES ('environment', ?1)", [environment])?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// Brings the tables of the version before to this one, in one transaction: a crash leaves the file as it was. A
/// key was active from its making on there, wrapped by the only key above it, and never changed.
pub(crate) fn migrate(connection: &Connection) -> Result<(), OpenError> {
    connection.execute_batch("BEGIN IMMEDIATE; ALTER TABLE keys RENAME TO keys_before;")?;
    connection.execute_batch(KEYS)?;
    // State 2 is active.
    connection.execute_batch(
        "INSERT INTO keys (tenant, purpose, version, generation, state, under, created_at, active_at, changed_at, \
        wrapped) SELECT tenant, purpose, version, 1, 2, 1, created_at, created_at, created_at, wrapped \
        FROM keys_before ORDER BY tenant, purpose, version; \
        DROP TABLE keys_before;",
    )?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, OpenError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}
