//! The root key in a file. It is read again at each use, so that it can be replaced while the node serves.
//!
//! While the root changes, the next one lies beside it under the same name with `.next` behind it. Which of the two a
//! start uses is decided by their ids and the store's record, never by trying.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use coffer_core::{KekSource, KekSourceError};
use coffer_crypto::{Entropy, Environment, Kek, KeyVersion, RootId, RootKey, WrappedKey};
use coffer_http::RootCustody;

use crate::{
    node::NodeError,
    secret::{SecretError, SecretSource},
};

/// Where the next root lies until it takes its place.
pub(crate) fn next_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// A file with the root as 64 hexadecimal digits.
pub(crate) struct KeyFile {
    path: PathBuf,
    /// The folder that it may not lie in.
    data: Option<PathBuf>,
    /// The roots that open the store; empty when that is not known.
    roots: Mutex<Vec<RootId>>,
    /// What was last read, and of which files.
    seen: Mutex<Option<(Stamp, Stamp, RootId)>>,
}

/// The root in a file, which may not lie in the folder of the data. Of one that is not there it says what to do.
pub(crate) fn read_root(path: &Path, data: Option<&Path>) -> Result<RootKey, NodeError> {
    let source = SecretSource::file(path.to_owned());
    let text = match data {
        Some(data) => source.read_outside(data),
        None => source.read(),
    };
    let text = text.map_err(|error| match error {
        SecretError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => missing(path),
        error => format!("root_key: {error}"),
    })?;
    Ok(RootKey::parse_hex(&text)?)
}

fn missing(path: &Path) -> String {
    let (file, next) = (path.display(), next_of(path));
    let next = next.display();
    format!(
        "the root key file {file} is missing: put its copy back. Without a copy, while a node is running: 64 new \
         hexadecimal digits in {next}, then coffer keys rotate --level root (docs/KEYS.md, Loss). For a new vault: \
         coffer keys init"
    )
}

/// Tells whether a file is another one than before: inode, length, and when it was changed.
type Stamp = Option<(u64, u64, i64, i64)>;

fn stamp(path: &Path) -> Stamp {
    let of = fs::metadata(path).ok()?;
    Some((of.ino(), of.len(), of.ctime(), of.ctime_nsec()))
}

impl KeyFile {
    /// The file must be there, and its owner's alone.
    pub(crate) fn new(path: PathBuf, data: Option<PathBuf>) -> Result<Self, NodeError> {
        let file = Self { path, data, roots: Mutex::default(), seen: Mutex::default() };
        file.read(&file.path)?;
        Ok(file)
    }

    /// The roots that open the store.
    pub(super) fn settle(&self, roots: &[RootId]) {
        *self.roots.lock().unwrap_or_else(PoisonError::into_inner) = roots.to_vec();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn read(&self, path: &Path) -> Result<RootKey, NodeError> {
        read_root(path, self.data.as_deref())
    }

    /// The root that opens the store: the file's, unless the store knows it not, and knows the next one.
    fn current(&self) -> Result<RootKey, NodeError> {
        let root = self.read(&self.path)?;
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |root: &RootKey| roots.contains(&root.id());
        if roots.is_empty() || is_known(&root) {
            return Ok(root);
        }
        match self.read(&next_of(&self.path)) {
            Ok(next) if is_known(&next) => Ok(next),
            _ => Ok(root),
        }
    }

    fn reachable(&self) -> Result<RootKey, KekSourceError> {
        self.current().map_err(|error| {
            tracing::error!(path = %self.path.display(), error = %error, "the root key cannot be read");
            KekSourceError::Away
        })
    }
}

impl KekSource for KeyFile {
    fn root(&self) -> Option<RootId> {
        let stamps = (stamp(&self.path), stamp(&next_of(&self.path)));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((file, next, id)) = *seen
            && (file, next) == stamps
        {
            return Some(id);
        }
        let id = self.reachable().ok()?.id();
        *seen = Some((stamps.0, stamps.1, id));
        Some(id)
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        self.reachable()?.open(environment, version, wrapped)
    }

    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        self.reachable()?.make(environment, version, entropy)
    }

    fn makes(&self) -> bool {
        true
    }
}

impl RootCustody for KeyFile {
    fn kind(&self) -> &'static str {
        "key file"
    }

    fn next_root(&self) -> Result<RootKey, String> {
        self.read(&next_of(&self.path)).map_err(|error| error.to_string())
    }

    fn lend(&self, _: Option<RootKey>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use coffer_crypto::OsEntropy;

    use super::*;
    use crate::folder;

    fn write(path: &Path) -> RootId {
        let root = RootKey::generate(&OsEntropy).unwrap();
        let _ = fs::remove_file(path);
        folder::write_new(path, root.to_hex().as_bytes()).unwrap();
        root.id()
    }

    #[test]
    fn a_file_that_is_replaced_is_another_root_and_the_next_one_counts_by_the_stores_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let first = write(&path);
        let file = KeyFile::new(path.clone(), None).unwrap();
        assert_eq!(file.root(), Some(first));
        let next = write(&next_of(&path));
        assert_eq!(file.root(), Some(first), "whatever lies beside it");
        assert_eq!(file.next_root().unwrap().id(), next);
        file.settle(&[first, next]);
        assert_eq!(file.root(), Some(first));
        file.settle(&[next]);
        assert_eq!(file.root(), Some(next), "the store knows the file's no more");
        fs::rename(next_of(&path), &path).unwrap();
        assert_eq!(file.root(), Some(next));
        let third = write(&path);
        assert_eq!(
            file.root(),
            Some(third),
            "it is said as it is: the store then says that it does not open"
        );
        fs::remove_file(&path).unwrap();
        assert_eq!(file.root(), None);
        assert_eq!(file.reachable().err(), Some(KekSourceError::Away));
    }
}
