//! What can go wrong, sorted by what must follow from it.

use std::io;

use coffer_core::store::StoreError;
use rusqlite::ErrorCode;

/// Why a store could not be opened. Nothing was changed, except that an empty folder or file may have been made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite library has the WAL-reset race, or is older than it.
    #[error("SQLite {found} is too old: at least {wanted} is needed")]
    Library {
        /// The version that the program was built with.
        found: &'static str,
        /// The oldest one that is good enough.
        wanted: &'static str,
    },
    /// The folder or a file in it could not be made, opened or synced.
    #[error("the data folder cannot be used: {0}")]
    Folder(#[from] io::Error),
    /// There is no store in the folder, and the caller wanted one that is there.
    #[error("there is no store in this folder")]
    Missing,
    /// Another process has the folder open.
    #[error("another process is using this data folder")]
    InUse,
    /// `coffer.db` is not a database, or is another program's.
    #[error("coffer.db is not a store of Coffer")]
    NotAStore,
    /// An import into this store has begun and not ended.
    #[error(
        "an import into this store was not finished: run the same `coffer import` again, or begin with an empty folder"
    )]
    Importing,
    /// The tables are of the version before, and the program can bring them to its own.
    #[error(
        "the store has schema version {found}, this program knows version {wanted}: run `coffer migrate` once"
    )]
    Older {
        /// What the file says.
        found: i64,
        /// What this program knows.
        wanted: i64,
    },
    /// The tables are of another version.
    #[error("the store has schema version {found}, this program knows version {wanted}")]
    Version {
        /// What the file says.
        found: i64,
        /// What this program knows.
        wanted: i64,
    },
    /// The store belongs to another environment.
    #[error("the store belongs to the environment {found:?}, not to {wanted:?}")]
    Environment {
        /// What the file says.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The engine did not take a setting that durability depends on.
    #[error("the engine refused the setting {name}")]
    Setting {
        /// The pragma.
        name: &'static str,
    },
    /// The engine failed with this extended result code (<https://sqlite.org/rescode.html>).
    #[error("the engine failed with result code {code}")]
    Engine {
        /// The extended result code; -1 where the failure was not the engine's.
        code: i32,
    },
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            return Self::NotAStore;
        }
        Self::Engine { code: code(&error) }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Engine(error) => error.into(),
            ReadError::Unreadable { .. } => Self::NotAStore,
        }
    }
}

/// Why a row could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The engine failed.
    Engine(rusqlite::Error),
    /// The row is there but does not decode.
    Unreadable { table: &'static str },
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl ReadError {
    /// What the caller of a read gets. Logs it: the caller learns less than the operator.
    pub(crate) fn report(self, table: &'static str) -> StoreError {
        match self {
            Self::Engine(error) => {
                tracing::error!(table, code = code(&error), "a read failed");
                if fatal_kind(&error).is_some_and(|kind| kind != INPUT_OUTPUT) {
                    return StoreError::Corrupt { table };
                }
                StoreError::Unavailable
            }
            Self::Unreadable { table } => {
                tracing::error!(table, "a stored row is not readable");
                StoreError::Corrupt { table }
            }
        }
    }
}

const INPUT_OUTPUT: &str = "input or output error";

/// Whether there was no room on the disk.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// Names the failures after which nothing may be tried again: after a failed fsync the kernel may have dropped the
/// dirty pages, and the next fsync would succeed without them (reference: feasibility, tricks 6).
pub(crate) fn fatal_kind(error: &rusqlite::Error) -> Option<&'static str> {
    match error.sqlite_error_code()? {
        ErrorCode::SystemIoFailure => Some(INPUT_OUTPUT),
        ErrorCode::DatabaseCorrupt => Some("corrupt database"),
        ErrorCode::NotADatabase => Some("not a database"),
        _ => None,
    }
}

/// The extended result code, the only thing of an engine's error that is logged.
pub(crate) fn code(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(-1, |error| error.extended_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(extended: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(extended), None)
    }

    #[test]
    fn a_failed_fsync_is_fatal_and_a_full_disk_is_not() {
        assert_eq!(fatal_kind(&failure(rusqlite::ffi::SQLITE_IOERR_FSYNC)), Some(INPUT_OUTPUT));
        assert_eq!(fatal_kind(&failure(rusqlite::ffi::SQLITE_IOERR_WRITE)), Some(INPUT_OUTPUT));
        assert!(fatal_kind(&failure(rusqlite::ffi::SQLITE_CORRUPT)).is_some());
        assert!(fatal_kind(&failure(rusqlite::ffi::SQLITE_NOTADB)).is_some());
        for mild in [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_BUSY, rusqlite::ffi::SQLITE_INTERRUPT]
        {
            assert_eq!(fatal_kind(&failure(mild)), None);
        }
    }

    #[test]
    fn a_read_tells_corruption_from_trouble() {
        let corrupt = ReadError::Engine(failure(rusqlite::ffi::SQLITE_CORRUPT)).report("tokens");
        assert_eq!(corrupt, StoreError::Corrupt { table: "tokens" });
        let trouble = ReadError::Engine(failure(rusqlite::ffi::SQLITE_IOERR_READ)).report("tokens");
        assert_eq!(trouble, StoreError::Unavailable);
        assert_eq!(
            ReadError::Unreadable { table: "keys" }.report("tokens"),
            StoreError::Corrupt { table: "keys" }
        );
    }
}
