//! Who may call, as one thing that is read again while the node serves, and what changed of it.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use coffer_crypto::CredentialHasher;
use coffer_http::Callers;
use coffer_types::Tenant;

use super::{Config, ConfigError, credentials::CredentialEntry};

/// Names of each sort that a fact lists; more are counted.
const NAMES: usize = 20;

/// Every credential and issuer by its name, with a keyed hash of all that the configuration and its files say of it.
pub(crate) type CallerNames = BTreeMap<String, [u8; 32]>;

impl Config {
    /// The credentials and issuers, with their secrets read.
    pub(crate) fn callers(&self, organizations: &HashMap<String, Tenant>) -> Result<Callers, ConfigError> {
        let credentials = self.credentials(organizations)?;
        let issuers = self.issuers(organizations, &credentials)?;
        Ok(Callers { credentials, issuers })
    }

    /// The files that they are read from.
    pub(crate) fn caller_files(&self) -> Vec<PathBuf> {
        let secrets =
            self.credentials.iter().flat_map(CredentialEntry::secrets).filter_map(|(_, one)| one.path());
        let keys = self.jwt_issuers.iter().filter_map(|entry| entry.file());
        secrets.chain(keys).map(Path::to_owned).collect()
    }

    /// What tells each of them from what it was before.
    pub(crate) fn caller_names(&self, hasher: &CredentialHasher) -> CallerNames {
        let content =
            |path: Option<&Path>| path.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        let hash = |said: String, files: &[Option<&Path>]| {
            // Hashes, so that no secret lies beside another in a buffer that grows.
            let mut all = hasher.hash(said.as_bytes()).to_vec();
            for file in files {
                all.extend_from_slice(&hasher.hash(&zeroize::Zeroizing::new(content(*file))));
            }
            hasher.hash(&all)
        };
        let credentials = self.credentials.iter().map(|entry| {
            let files: Vec<_> = entry.secrets().map(|(_, source)| source.path()).collect();
            (entry.name.clone(), hash(format!("{entry:?}"), &files))
        });
        let issuers = self
            .jwt_issuers
            .iter()
            .map(|entry| (entry.name.clone(), hash(format!("{entry:?}"), &[entry.file()])));
        credentials.chain(issuers).collect()
    }
}

/// What changed from one to the other, by names; none when nothing did.
pub(crate) fn changes(before: &CallerNames, after: &CallerNames) -> Option<String> {
    let added = after.keys().filter(|name| !before.contains_key(*name)).collect();
    let removed = before.keys().filter(|name| !after.contains_key(*name)).collect();
    let other = |(name, hash): &(&String, &[u8; 32])| before.get(*name).is_some_and(|known| known != *hash);
    let changed = after.iter().filter(other).map(|(name, _)| name).collect();
    let told: Vec<String> =
        [("added", added), ("removed", removed), ("changed", changed)].into_iter().filter_map(list).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn list((what, names): (&str, Vec<&String>)) -> Option<String> {
    let more = names.len().saturating_sub(NAMES);
    let mut told: Vec<&str> = names.iter().take(NAMES).map(|name| name.as_str()).collect();
    let count = format!("{more} more");
    if more > 0 {
        told.push(&count);
    }
    (!told.is_empty()).then(|| format!("{what} {}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[(&str, u8)]) -> CallerNames {
        of.iter().map(|(name, hash)| ((*name).to_owned(), [*hash; 32])).collect()
    }

    #[test]
    fn what_changed_is_told_by_names() {
        let before = names(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(changes(&before, &before), None);
        let after = names(&[("b", 9), ("c", 3), ("d", 4), ("e", 5)]);
        assert_eq!(changes(&before, &after).unwrap(), "added d, e; removed a; changed b");
        let many: CallerNames = (0..25).map(|one| (format!("n{one:02}"), [0; 32])).collect();
        let told = changes(&names(&[]), &many).unwrap();
        assert!(told.starts_with("added n00, n01") && told.ends_with("n19, 5 more"), "{told}");
    }
}
