//! Who else may touch what the node keeps: nobody. A folder or file that others than its owner can open is refused,
//! and so is one that belongs to somebody else (PCI DSS 3.7; `reference/security.md` section 8). Nothing is mended
//! here: what was open may have been read or changed, and the operator must know.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use crate::{kept::Kept, seen};

/// What a mode grants to the group and to all others.
const OTHERS: u32 = 0o077;
/// What of it lets them write.
const OTHERS_WRITE: u32 = 0o022;

/// Why a folder or a file is not used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModeError {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} can be read or written by others than its owner: set its mode to 0600", .0.display())]
    OpenFile(PathBuf),
    #[error("{} is a folder that others than its owner can enter or read: set its mode to 0700", .0.display())]
    OpenFolder(PathBuf),
    #[error("{} can be written by others than its owner: set its mode to 0644 or 0640", .0.display())]
    Writable(PathBuf),
    #[error(
        "{} belongs to the user with the number {owner}: it must belong to the one that coffer runs as ({own}), or to \
        root; a command runs as the node's own user (runuser -u USER -- coffer ...)", path.display()
    )]
    Foreign { path: PathBuf, owner: u32, own: u32 },
}

/// Whether a folder or a file is its owner's alone, and the owner this process's user or root.
pub(crate) fn private(path: &Path, found: &Metadata) -> Result<(), ModeError> {
    if found.mode() & OTHERS != 0 {
        let path = path.to_owned();
        return Err(if found.is_dir() { ModeError::OpenFolder(path) } else { ModeError::OpenFile(path) });
    }
    owned(path, found)
}

/// Whether only the owner may change a file, and that is this process's user or root.
fn unwritable(path: &Path, found: &Metadata) -> Result<(), ModeError> {
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(ModeError::Writable(path.to_owned()));
    }
    owned(path, found)
}

fn owned(path: &Path, found: &Metadata) -> Result<(), ModeError> {
    let (owner, own) = (found.uid(), geteuid().as_raw());
    if owner == own || owner == 0 {
        return Ok(());
    }
    Err(ModeError::Foreign { path: path.to_owned(), owner, own })
}

/// A file that is no secret and that nobody else may change, for who changes it decides: keys and certificates that
/// vouch for callers, the configuration. At most so many bytes of it.
pub(crate) fn read_public(path: &Path, most: u64) -> Result<Vec<u8>, ModeError> {
    let failed = |source| ModeError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    unwritable(path, &file.metadata().map_err(failed)?)?;
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

/// Everything that a vault is opened from: the data folder with the files in it, and of each ring its folder, its file
/// and what was seen last beside it.
pub(crate) fn check(kept: &Kept, rings: &[PathBuf]) -> Result<(), ModeError> {
    if let Kept::Folder { data, .. } = kept {
        folder(data)?;
    }
    rings.iter().try_for_each(|ring| {
        let folder = ring.parent().filter(|folder| !folder.as_os_str().is_empty());
        private_if_there(folder.unwrap_or(Path::new(".")))?;
        private_if_there(ring)?;
        private_if_there(&seen::beside(ring))
    })
}

/// A folder and the files in it.
fn folder(path: &Path) -> Result<(), ModeError> {
    let failed = |source| ModeError::Read { path: path.to_owned(), source };
    private_if_there(path)?;
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        private_if_there(&entry.map_err(failed)?.path())?;
    }
    Ok(())
}

/// [`private`] of what is there; what is missing will be made.
pub(crate) fn private_if_there(path: &Path) -> Result<(), ModeError> {
    match std::fs::metadata(path) {
        Ok(found) => private(path, &found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ModeError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn any_bit_for_others_is_refused_and_told_with_the_path() {
        let home = tempfile::tempdir().unwrap();
        let (data, apart) = (home.path().join("data"), home.path().join("apart"));
        let (ring, seen) = (apart.join("ring"), apart.join("ring.seen"));
        let kept = Kept::Folder { data: data.clone(), node: 0 };
        let rings = [ring.clone()];
        check(&kept, &rings).expect("what is missing will be made");
        fs::create_dir(&data).unwrap();
        fs::create_dir(&apart).unwrap();
        let file = data.join("coffer.db");
        for path in [&file, &ring, &seen] {
            fs::write(path, "x").unwrap();
            set(path, 0o600);
        }
        set(&data, 0o700);
        set(&apart, 0o700);
        check(&kept, &rings).unwrap();
        let files = [(&file, 0o600), (&ring, 0o600), (&seen, 0o600)];
        for (path, good) in [(&data, 0o700), (&apart, 0o700)].into_iter().chain(files) {
            for bit in [0o001, 0o002, 0o004, 0o010, 0o020, 0o040] {
                set(path, good | bit);
                let said = check(&kept, &rings).unwrap_err().to_string();
                let advice = format!("set its mode to 0{good:o}");
                let name = format!("{} ", path.display());
                assert!(said.starts_with(&name) && said.ends_with(&advice), "{said}");
            }
            set(path, good);
        }
        check(&kept, &rings).unwrap();
    }

    #[test]
    fn what_everybody_may_read_nobody_else_may_write() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("chain.pem");
        fs::write(&path, "0123456789").unwrap();
        for (mode, good) in [(0o644, true), (0o400, true), (0o664, false), (0o646, false)] {
            set(&path, mode);
            assert_eq!(read_public(&path, 4).is_ok(), good, "{mode:o}");
        }
        set(&path, 0o644);
        assert_eq!(read_public(&path, 4).unwrap(), b"0123");
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused() {
        assert_eq!(geteuid().as_raw(), 0, "only root can give a file away");
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ring");
        fs::write(&path, "x").unwrap();
        set(&path, 0o600);
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        let said = private_if_there(&path).unwrap_err().to_string();
        assert!(said.contains("65534") && said.contains("or to root"), "{said}");
    }
}
