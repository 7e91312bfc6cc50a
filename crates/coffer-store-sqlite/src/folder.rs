//! The data folder: made for its owner alone, and locked by one process at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::errors::OpenError;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// What a mode grants to the group and to all others.
const OTHERS: u32 = 0o077;

const FILES: [&str; 4] = ["lock", "coffer.db", "coffer.db-wal", "coffer.db-shm"];

/// A folder that this process has for itself, until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The lock lasts as long as the file is open, and ends with the process, however that ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder where it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
        let lock = private_file().create(true).truncate(false).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The database file, made where it is missing. SQLite gives its other files the same mode. The folder is synced,
    /// so that a file whose rows survived a power cut is also still there under its name.
    pub(crate) fn database(&self) -> Result<PathBuf, OpenError> {
        let file = self.path.join("coffer.db");
        match private_file().create_new(true).open(&file) {
            Ok(made) => made.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        File::open(&self.path)?.sync_all()?;
        if let Some(parent) = self.path.canonicalize()?.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(file)
    }

    /// Takes away what others may do with the folder and the files in it, as a restored copy or a folder made by hand
    /// can have it. Called once the store is known to be ours: what is not is left as it is.
    pub(crate) fn make_private(&self) -> Result<(), OpenError> {
        make_private(&self.path, FOLDER_MODE)?;
        for name in FILES {
            make_private(&self.path.join(name), FILE_MODE)?;
        }
        Ok(())
    }
}

/// Sets the mode where others may do anything. A file that is not there needs none.
fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.permissions().mode() & OTHERS != 0 => {
            match fs::set_permissions(path, Permissions::from_mode(mode)) {
                Ok(()) => tracing::warn!(path = %path.display(), "was open to others, and is no more"),
                // A volume that its platform owns: what may be done with it is the platform's affair.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    tracing::warn!(path = %path.display(), "is open to others, and this process may not change that");
                }
                Err(error) => return Err(error),
            }
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    options
}
