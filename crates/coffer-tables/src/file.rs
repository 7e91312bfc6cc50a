//! Opening a file that an operator may replace at any moment.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use coffer_types::Timestamp;

use crate::TableError;

/// Which file a path leads to, and in which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Identity {
    /// When the file was last changed.
    pub(crate) fn modified(self) -> Timestamp {
        let (seconds, nanoseconds) = self.modified;
        Timestamp::from_millis(seconds.saturating_mul(1_000).saturating_add(nanoseconds / 1_000_000))
    }

    /// `None` when there is nothing to see. To be asked before the file is read: if it changes in between, the
    /// next question tells.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// Opens a regular file of at most `limit` bytes. The caller must not read more than that either: the file may
/// grow.
pub(crate) fn open(path: &Path, limit: u64) -> Result<File, TableError> {
    let unreadable = |source| TableError::Unreadable { file: path.to_owned(), source };
    // Asked by path first, because opening a pipe would wait for its writer.
    check(path, &fs::metadata(path).map_err(unreadable)?, limit)?;
    let file = File::open(path).map_err(unreadable)?;
    check(path, &file.metadata().map_err(unreadable)?, limit)?;
    Ok(file)
}

fn check(path: &Path, metadata: &Metadata, limit: u64) -> Result<(), TableError> {
    let file = || path.to_owned();
    if !metadata.is_file() {
        return Err(TableError::NotAFile { file: file() });
    }
    if metadata.len() > limit {
        return Err(TableError::TooLarge { file: file(), limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_last_size_that_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("four");
        fs::write(&path, b"four").unwrap();
        assert!(open(&path, 4).is_ok());
        assert!(matches!(open(&path, 3), Err(TableError::TooLarge { limit: 3, .. })));
        assert!(matches!(open(folder.path(), 4), Err(TableError::NotAFile { .. })));
        assert!(matches!(open(Path::new("/dev/null"), 4), Err(TableError::NotAFile { .. })));
        let missing = open(&folder.path().join("none"), 4).unwrap_err();
        assert!(matches!(&missing, TableError::Unreadable { source, .. }
            if source.kind() == std::io::ErrorKind::NotFound));
        assert!(missing.to_string().contains("none"));
    }

    #[test]
    fn a_replacement_has_another_identity_even_with_the_same_time_and_size() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        assert_eq!(Identity::of(&path), None);
        fs::write(&path, b"1").unwrap();
        fs::write(&other, b"2").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        let before = Identity::of(&path);
        assert!(before.is_some());
        assert_eq!(Identity::of(&path), before);
        fs::rename(&other, &path).unwrap();
        assert_ne!(Identity::of(&path), before);
    }
}
