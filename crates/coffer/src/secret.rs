//! Where a secret comes from: a file that only its owner may read, or an environment variable. The configuration
//! names the place and never holds the secret.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::modes::{self, ModeError};

/// Longest secret that is read, in bytes.
const BYTES_MAX: u64 = 4096;

/// Exactly one of the two. Untagged, so that the error has a fixed text: a secret that stands in the configuration by
/// mistake is not repeated.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a secret is given as { file = … } or { env = … }, one of the two, and never itself"
)]
pub(crate) enum SecretSource {
    File { file: PathBuf },
    Env { env: String },
}

/// Why a secret was not read. Never says what it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("the environment variable that `env` names is not set")]
    NoVariable,
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Mode(#[from] ModeError),
    #[error("{} lies in the data folder: a key must not lie beside what it protects", .0.display())]
    InsideData(PathBuf),
    #[error("{} holds more than a secret", .0.display())]
    TooLong(PathBuf),
    #[error("the secret is empty")]
    Empty,
}

impl SecretSource {
    pub(crate) fn file(path: PathBuf) -> Self {
        Self::File { file: path }
    }

    /// Takes a relative path from this folder.
    pub(crate) fn below(&mut self, folder: &Path) {
        if let Self::File { file } = self {
            *file = folder.join(&*file);
        }
    }

    /// Reads the secret, without white space around it.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, SecretError> {
        self.read_up_to(BYTES_MAX)
    }

    /// The file that it is in.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File { file } => Some(file),
            Self::Env { .. } => None,
        }
    }

    /// The same of at most so many bytes.
    pub(crate) fn read_up_to(&self, most: u64) -> Result<Zeroizing<String>, SecretError> {
        let text = match self {
            Self::File { file } => read_file(file, most)?,
            Self::Env { env } => read_variable(env)?,
        };
        let secret = Zeroizing::new(text.trim().to_owned());
        if secret.is_empty() { Err(SecretError::Empty) } else { Ok(secret) }
    }

    /// Reads a key, which may not lie in the data folder.
    pub(crate) fn read_outside(&self, data: &Path) -> Result<Zeroizing<String>, SecretError> {
        if let Self::File { file: path } = self {
            let failed = |source| SecretError::File { path: path.clone(), source };
            let (file, folder) = (path.canonicalize().map_err(failed)?, data.canonicalize());
            if folder.is_ok_and(|folder| file.starts_with(folder)) {
                return Err(SecretError::InsideData(path.clone()));
            }
        }
        self.read()
    }
}

fn read_file(path: &Path, most: u64) -> Result<Zeroizing<String>, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    modes::private(path, &metadata)?;
    if metadata.len() > most {
        return Err(SecretError::TooLong(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(most).unwrap_or(4096)));
    file.take(most).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "the configuration names the variable")]
fn read_variable(name: &str) -> Result<Zeroizing<String>, SecretError> {
    std::env::var(name).map(Zeroizing::new).map_err(|_| SecretError::NoVariable)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{Permissions, set_permissions, write},
        os::unix::fs::PermissionsExt,
    };

    use super::*;

    fn key_in(folder: &Path, mode: u32) -> SecretSource {
        let path = folder.join("key");
        write(&path, " 00ff \n").unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        SecretSource::file(path)
    }

    #[test]
    fn reads_a_file_that_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(key_in(folder.path(), 0o600).read().unwrap().as_str(), "00ff");
        assert_eq!(key_in(folder.path(), 0o400).read().unwrap().as_str(), "00ff");
        for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
            let source = key_in(folder.path(), mode);
            assert!(matches!(source.read(), Err(SecretError::Mode(_))), "{mode:o}");
        }
    }

    #[test]
    fn refuses_a_key_in_the_data_folder_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("deep")).unwrap();
        let inside = key_in(&data.join("deep"), 0o600);
        assert!(matches!(inside.read_outside(&data), Err(SecretError::InsideData(_))));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(data.join("deep").join("key"), &link).unwrap();
        assert!(matches!(SecretSource::file(link).read_outside(&data), Err(SecretError::InsideData(_))));
        let dots = SecretSource::file(data.join("deep").join("..").join("deep").join("key"));
        assert!(matches!(dots.read_outside(&data), Err(SecretError::InsideData(_))));
        assert!(key_in(folder.path(), 0o600).read_outside(&data).is_ok());
    }

    #[test]
    fn wants_one_source_and_a_secret() {
        let read = |text: &str| toml::from_str::<std::collections::BTreeMap<String, SecretSource>>(text);
        assert!(read("a = { file = \"x\" }\nb = { env = \"Y\" }").is_ok());
        for wrong in [
            "{ file = \"x\", env = \"Y\" }",
            "{}",
            "{ value = \"s3cr3t\" }",
            "\"s3cr3t\"",
            "[\"s3cr3t\"]",
            "5313373",
        ] {
            let error = read(&format!("a = {wrong}")).unwrap_err();
            assert!(error.message().contains("one of the two"), "{}", error.message());
            assert!(!error.message().contains("s3cr3t") && !error.message().contains("5313373"));
        }
        let unset = SecretSource::Env { env: "COFFER_TEST_UNSET_VARIABLE".to_owned() };
        assert!(matches!(unset.read(), Err(SecretError::NoVariable)));
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("empty"), "\n").unwrap();
        set_permissions(folder.path().join("empty"), Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(SecretSource::file(folder.path().join("empty")).read(), Err(SecretError::Empty)));
    }
}
