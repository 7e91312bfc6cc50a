//! `[tls]`: the certificate with which clients are served.

use std::path::{Path, PathBuf};

use coffer_http::{ServerTls, TlsFiles};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Config, ConfigError};
use crate::{modes, secret::SecretSource};

/// Bytes of a file of certificates. Chains have some thousand, lists of authorities a few hundred thousand.
const CERTIFICATES_BYTES: u64 = 1024 * 1024;

/// Bytes of a private key: RSA of 8,192 bits has 6,400.
const KEY_BYTES: u64 = 16_384;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsEntry {
    /// The node's certificate and those that lead to an authority, as PEM.
    certificate: PathBuf,
    /// Its private key, as PEM.
    key: SecretSource,
    /// Authorities of client certificates, as PEM. Where they are named, every client must show one of theirs.
    client_authorities: Option<PathBuf>,
}

impl TlsEntry {
    /// Takes relative paths from this folder.
    pub(super) fn below(&mut self, folder: &Path) {
        self.certificate = folder.join(&self.certificate);
        self.key.below(folder);
        if let Some(path) = &mut self.client_authorities {
            *path = folder.join(&*path);
        }
    }
}

impl Config {
    /// What clients are served with; none without `[tls]`.
    pub(crate) fn tls(&self) -> Result<Option<ServerTls>, ConfigError> {
        let Some(files) = self.tls_content()? else { return Ok(None) };
        ServerTls::new(&files).map(Some).map_err(|error| wrong(error.to_string()))
    }

    /// The files of `[tls]`, read.
    pub(crate) fn tls_content(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let Some(entry) = &self.tls else { return Ok(None) };
        let public = |path: &Path| {
            modes::read_public(path, CERTIFICATES_BYTES).map_err(|error| wrong(error.to_string()))
        };
        let key = entry.key.read_up_to(KEY_BYTES).map_err(|error| wrong(format!("key: {error}")))?;
        Ok(Some(TlsFiles {
            certificate: public(&entry.certificate)?,
            key: Zeroizing::new(key.as_bytes().to_vec()),
            client_authorities: entry.client_authorities.as_deref().map(public).transpose()?,
        }))
    }

    /// Where they are.
    pub(crate) fn tls_files(&self) -> Vec<PathBuf> {
        let Some(entry) = &self.tls else { return Vec::new() };
        let named = [Some(&*entry.certificate), entry.key.path(), entry.client_authorities.as_deref()];
        named.into_iter().flatten().map(Path::to_owned).collect()
    }
}

fn wrong(reason: String) -> ConfigError {
    ConfigError::Setting { key: "tls", reason }
}
