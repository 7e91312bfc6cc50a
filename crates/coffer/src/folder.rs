//! Folders and files that only their owner may open.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::modes::{self, ModeError};

/// Makes a folder with mode 0700, and those above it. One that is there must be its owner's alone, or empty: then
/// nothing of it was open yet, and it gets that mode.
pub(crate) fn make(path: &Path) -> Result<(), ModeError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    let failed = |source| ModeError::Read { path: path.to_owned(), source };
    made.map_err(failed)?;
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    match modes::private_if_there(path) {
        Err(ModeError::OpenFolder(_)) if is_empty() => {
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
            modes::private_if_there(path)
        }
        checked => checked,
    }
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
    fn a_folder_that_is_open_is_taken_while_it_is_empty_and_refused_after() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        make(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        fs::write(path.join("coffer.db"), "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(make(&path), Err(ModeError::OpenFolder(_))));
        assert_eq!(mode(&path), 0o750, "left as it was found");
        make(&home.path().join("deep/er")).unwrap();
        assert_eq!(mode(&home.path().join("deep")), 0o700);
    }

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
