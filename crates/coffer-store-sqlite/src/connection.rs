//! How each kind of connection is opened and set up.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::errors::OpenError;

/// 3.51.3 fixed the WAL-reset race between two connections that write or checkpoint at the same moment, which is what
/// the writer and the checkpoints here do.
const OLDEST_LIBRARY: (i32, &str) = (3_051_003, "3.51.3");

/// Nobody else should hold the write lock; a tool of the operator may, for a moment.
const WRITER_PATIENCE: Duration = Duration::from_secs(10);
const READER_PATIENCE: Duration = Duration::from_secs(2);

/// How long a restarting checkpoint waits for readers while the writer stands still.
pub(crate) const RESTART_PATIENCE: Duration = Duration::from_millis(500);

/// Page caches in KiB. Idle memory counts, so a reader keeps little; the writer's working set is the growing end of
/// each table.
const WRITER_CACHE_KIB: i32 = 16 * 1024;
const READER_CACHE_KIB: i32 = 2 * 1024;
const CHECKPOINT_CACHE_KIB: i32 = 256;

/// Distinct statements of one connection; there are about twenty.
const STATEMENTS: usize = 48;

/// Refuses a library that is too old for concurrent checkpoints.
pub(crate) fn check_library() -> Result<(), OpenError> {
    let (oldest, wanted) = OLDEST_LIBRARY;
    if rusqlite::version_number() < oldest {
        return Err(OpenError::Library { found: rusqlite::version(), wanted });
    }
    Ok(())
}

/// A connection that writes. It never checkpoints by itself, and what it frees it writes over with zeros.
pub(crate) fn writer(file: &Path) -> Result<Connection, OpenError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE, WRITER_PATIENCE, WRITER_CACHE_KIB)?;
    set(&connection, "secure_delete", 1)?;
    Ok(connection)
}

/// Turns a file that was inspected into what durability asks for, and looks whether the engine took it.
pub(crate) fn make_durable(connection: &Connection) -> Result<(), OpenError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::Setting { name: "journal_mode" });
    }
    sync_fully(connection)?;
    set(connection, "wal_autocheckpoint", 0)
}

/// The connection that checkpoints. Its fsyncs are what lets the log be written over.
pub(crate) fn checkpoints(file: &Path) -> Result<Connection, OpenError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE, RESTART_PATIENCE, CHECKPOINT_CACHE_KIB)?;
    sync_fully(&connection)?;
    set(&connection, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// Writes what is in the log into the database file, so that the log stays small beside large writes.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// A connection for reads by key.
pub(crate) fn reader(file: &Path) -> Result<Connection, OpenError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_PATIENCE, READER_CACHE_KIB)?;
    set(&connection, "query_only", 1)?;
    Ok(connection)
}

fn open(file: &Path, access: OpenFlags, patience: Duration, cache_kib: i32) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    set(&connection, "cell_size_check", 1)?;
    set(&connection, "trusted_schema", 0)?;
    Ok(connection)
}

fn sync_fully(connection: &Connection) -> Result<(), OpenError> {
    const FULL: i64 = 2;
    set(connection, "synchronous", FULL)
}

fn set(connection: &Connection, name: &'static str, value: i64) -> Result<(), OpenError> {
    connection.pragma_update(None, name, value)?;
    let taken: i64 = connection.pragma_query_value(None, name, |row| row.get(0))?;
    if taken == value { Ok(()) } else { Err(OpenError::Setting { name }) }
}
