//! Folders and files that only their owner may open.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// Makes a folder with mode 0700, and those above it; one that is there stays as it is.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a new file with mode 0600, to the disk; fails when there is one. The file is there whole or not at all: it
/// gets its name when its content is on the disk.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let unnamed = path.with_extension(format!("{}.new", std::process::id()));
    // Left by a start that was cut off, of a process with the same number.
    let _ = fs::remove_file(&unnamed);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
    file.write_all(content)?;
    file.sync_all()?;
    let named = fs::hard_link(&unnamed, path);
    fs::remove_file(&unnamed)?;
    named?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(path.with_extension(format!("{}.new", std::process::id())), "half").unwrap();
        write_new(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(write_new(&path, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole", "a key is never written over");
    }
}
