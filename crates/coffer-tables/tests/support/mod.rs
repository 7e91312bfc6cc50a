//! What several tests need: small `MaxMind`-format files of invented content, and a folder to put them in.

#![allow(dead_code, reason = "not every test program uses everything")]

pub(crate) mod mmdb;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

/// A folder that goes away with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a new file and moves it to its name, as an operator should.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let (new, path) = (self.path("new"), self.path(name));
        fs::write(&new, content).unwrap();
        fs::rename(new, &path).unwrap();
        path
    }
}
