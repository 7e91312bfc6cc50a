//! The folder of an export: files that are there whole or not at all, for their owner alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use coffer_types::limits;

use crate::error::MoveError;
use crate::keys::FILE as KEYS;
use crate::manifest::{BEGUN, FILE as MANIFEST};

/// Held while an export is written.
const LOCK: &str = "lock";
/// Of a file that has not got its name yet.
const UNFINISHED: &str = "new";

/// The folder of an export.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Of one that is written.
    lock: Option<File>,
}

/// Whether an open file is the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let open = file.metadata().map(place);
    open.is_ok_and(|open| fs::metadata(path).map(place).is_ok_and(|named| named == open))
}

/// The name of a part.
pub(crate) fn part_name(number: u32) -> String {
    format!("part-{number:06}.cfx")
}

impl Folder {
    /// A folder to write into: made with mode 0700 where it is missing, and locked.
    pub(crate) fn to_write(path: &Path) -> Result<Self, MoveError> {
        let failed = |source| MoveError::File { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        // A folder of something else stays as it is.
        let there = Self::to_read(path);
        if there.has(MANIFEST) {
            return Err(MoveError::Finished);
        }
        if ![LOCK, BEGUN].iter().any(|name| there.has(name)) && !there.is_empty()? {
            return Err(MoveError::Occupied);
        }
        Self::locked(path)
    }

    fn locked(path: &Path) -> Result<Self, MoveError> {
        let failed = |source| MoveError::File { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            // Whoever had it before may have removed it meanwhile: then another may be about to lock a new one.
            Ok(()) if !is_at(&lock, &path.join(LOCK)) => Err(MoveError::InUse),
            Ok(()) => Ok(Self { path: path.to_owned(), lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(MoveError::InUse),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// All is written: the lock goes.
    pub(crate) fn finish(mut self) -> Result<(), MoveError> {
        // Held until it is gone.
        let held = self.lock.take();
        let removed = self.remove(LOCK);
        drop(held);
        removed
    }

    /// A folder for records of keys alone: made with mode 0700 where it is missing, and locked. An export's own file of
    /// keys belongs to it and stays as it is.
    pub(crate) fn for_keys(path: &Path) -> Result<Self, MoveError> {
        let there = Self::to_read(path);
        if there.has(BEGUN) || there.has(MANIFEST) {
            return Err(MoveError::Occupied);
        }
        if there.has(KEYS) {
            return Self::locked(path);
        }
        Self::to_write(path)
    }

    /// A folder to read from.
    pub(crate) fn to_read(path: &Path) -> Self {
        Self { path: path.to_owned(), lock: None }
    }

    /// Whether nothing is in it but what this program puts there first.
    pub(crate) fn is_empty(&self) -> Result<bool, MoveError> {
        let mut entries = fs::read_dir(&self.path).map_err(MoveError::file(&self.path))?;
        Ok(entries.all(|entry| {
            entry.is_ok_and(|entry| {
                let name = entry.file_name();
                name == LOCK || Path::new(&name).extension().is_some_and(|end| end == UNFINISHED)
            })
        }))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// A file whole; none where it is not there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, MoveError> {
        let path = self.path.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(MoveError::File { path, source }),
        };
        let length = file.metadata().map_err(MoveError::file(&path))?.len();
        if length > limits::MOVE_FILE_BYTES {
            return Err(MoveError::changed(name));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(limits::MOVE_FILE_BYTES).read_to_end(&mut bytes).map_err(MoveError::file(&path))?;
        Ok(Some(bytes))
    }

    /// Writes a file with mode 0600: it gets its name when its content is on the disk.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<(), MoveError> {
        let path = self.path.join(name);
        let written = || -> io::Result<()> {
            let unnamed = path.with_extension(UNFINISHED);
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unnamed)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&unnamed, &path)?;
            File::open(&self.path)?.sync_all()
        };
        written().map_err(MoveError::file(&path))
    }

    /// Removes a file that is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), MoveError> {
        let path = self.path.join(name);
        let removed = fs::remove_file(&path).and_then(|()| File::open(&self.path)?.sync_all());
        removed.map_err(MoveError::file(&path))
    }
}
