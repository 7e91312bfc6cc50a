//! Why a vault was not moved. Every text says what to look at.

use std::{io, path::PathBuf};

use coffer_core::{
    moving::{RowKey, Table},
    store::StoreError,
};

use crate::report::shown;

/// Why an export or an import ended early. Nothing is half done: the same command goes on where it ended.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process is using the folder of the export.
    #[error("another process is using this export's folder")]
    InUse,
    /// There is a finished export in the folder to which one should go.
    #[error("the folder holds a finished export: name another folder")]
    Finished,
    /// There is something else in the folder to which an export should go.
    #[error("the folder is not empty and holds no export that was begun: name another folder")]
    Occupied,
    /// An export was begun in the folder from another vault.
    #[error("the folder holds an export that was begun from another vault: name another folder")]
    BegunElsewhere,
    /// The store that should be exported has no keys: no vault was ever started on it.
    #[error("the store holds no vault: it has no keys")]
    NoVault,
    /// The vault has no key from which those of exports are derived.
    #[error("the vault has no export key: start a node of this version on it once")]
    NoExportKey,
    /// The key from which this export's key was derived was destroyed.
    #[error("the export key of this export was destroyed: nothing opens it any more, by design")]
    ExportKeyDestroyed,
    /// Rows are sealed under keys that were destroyed.
    #[error(
        "{rows} rows of the export are sealed under keys that were destroyed, and nothing opens them: take in the rest \
        with --allow-erased"
    )]
    Erased {
        /// How many.
        rows: u64,
    },
    /// There is no export in the folder.
    #[error("there is no export in this folder")]
    NoExport,
    /// The export was not finished.
    #[error("the export was not finished: run the same `coffer export` again")]
    Unfinished,
    /// The root key does not open the KEK.
    #[error("this root key does not belong to this vault: it does not open its key-encryption key")]
    WrongRoot,
    /// The export is of another environment.
    #[error("the export belongs to another environment than this store: sandbox and live never meet")]
    WrongEnvironment,
    /// The export is of another format.
    #[error("the export has format {found}, this program knows format {wanted}")]
    Format {
        /// What it says.
        found: u32,
        /// What this program knows.
        wanted: u32,
    },
    /// A file of the export is not what was written.
    #[error("{file} of the export was changed: it is not what was written")]
    Changed {
        /// Its name.
        file: String,
    },
    /// A part is not there.
    #[error("{file} of the export is missing")]
    Missing {
        /// Its name.
        file: String,
    },
    /// The export's keys are not in its folder.
    #[error(
        "keys.cfx of the export is missing: if its keys were kept apart, name their file with --keys FILE"
    )]
    NoKeys,
    /// The file of keys that was named is not there.
    #[error("{}: there is no such file of keys", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// A part lies in the place of another.
    #[error("{file} of the export is part {number}: parts were renamed")]
    Misplaced {
        /// Its name.
        file: String,
        /// What it is.
        number: u32,
    },
    /// A part is of another export.
    #[error("{file} belongs to another export")]
    OtherExport {
        /// Its name.
        file: String,
    },
    /// Units were committed while the export was made, and the caller asked for an exact one.
    #[error(
        "{commits} commits were made while this export was taken: it may lack what they wrote. Stop the nodes and \
        export again; or take it as it is with --allow-unquiet"
    )]
    Unquiet {
        /// How many.
        commits: u64,
    },
    /// The target holds something.
    #[error("the target is not empty: an import wants an empty store (--verify-only compares what is there)")]
    NotEmpty,
    /// Another import was begun in the target.
    #[error("the target holds the beginning of another export's import: begin with an empty store")]
    OtherImport,
    /// The target holds another row under a key of the export.
    #[error("the target holds another row in {table}: {key}", table = table.name(), key = shown(*key))]
    Differs {
        /// The table.
        table: Table,
        /// The key.
        key: RowKey,
    },
    /// Randomness or a primitive failed.
    #[error("sealing failed")]
    Failed,
}

impl MoveError {
    /// A file's failure.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }

    /// A file that is not what was written.
    pub(crate) fn changed(file: &str) -> Self {
        Self::Changed { file: file.to_owned() }
    }
}
