//! `[[jwt_issuers]]`: whose JWTs are taken.

use std::{
    collections::HashMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_http::{
    credentials::{Acl, Grant},
    jwt::{Algorithm, IssuerKey, IssuerKind, IssuerSettings, Issuers, LIFETIME_SECONDS, UnknownAlgorithm},
};
use coffer_types::Tenant;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Config, ConfigError, access};
use crate::secret::SecretSource;

/// Bytes of a file with a public key. RSA of 8,192 bits has 1,500.
const PUBLIC_KEY_BYTES: u64 = 8_192;

/// Longest life that can be configured, in seconds: 31 days. A token cannot be taken back.
const LONGEST_SECONDS_MAX: u32 = 2_678_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerEntry {
    /// What logs and the audit log call it.
    name: String,
    /// The claim `iss`.
    issuer: String,
    /// The claim `aud`.
    audience: String,
    algorithm: String,
    /// The shared secret, for HMAC.
    key: Option<SecretSource>,
    /// The file of the public key, for all others.
    public_key_file: Option<PathBuf>,
    kind: Kind,
    /// Organizations, the default one first.
    pub(super) organizations: Vec<String>,
    /// Operations; everything that the kind may, if there is no list.
    permissions: Option<Vec<String>>,
    #[serde(default)]
    leeway_seconds: u32,
    #[serde(default = "default_longest")]
    longest_seconds: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Merchant,
    Customer,
}

fn default_longest() -> u32 {
    LIFETIME_SECONDS
}

impl Config {
    /// The issuers, with their keys read.
    pub(crate) fn issuers(&self, organizations: &HashMap<String, Tenant>) -> Result<Issuers, ConfigError> {
        let mut settings = Vec::new();
        for entry in &self.jwt_issuers {
            let wrong = |reason| ConfigError::Issuer { name: entry.name.clone(), reason };
            if entry.name.is_empty() || self.credentials.iter().any(|other| other.name == entry.name) {
                return Err(wrong(
                    "it needs a name that no credential has: the audit log shows it".to_owned(),
                ));
            }
            settings.push(entry.settings(organizations).map_err(wrong)?);
        }
        Ok(Issuers::new(settings, organizations.clone())?)
    }
}

impl IssuerEntry {
    fn settings(&self, organizations: &HashMap<String, Tenant>) -> Result<IssuerSettings, String> {
        let tenants = access::tenants(&self.organizations, organizations)?;
        let acl = match &self.permissions {
            None => Acl::Full,
            Some(names) => {
                let permissions = access::permissions(names)?;
                Acl::Grants(vec![Grant { tenants: tenants.clone(), permissions }])
            }
        };
        if self.longest_seconds > LONGEST_SECONDS_MAX {
            return Err(format!("longest_seconds is at most {LONGEST_SECONDS_MAX}"));
        }
        let algorithm: Algorithm =
            self.algorithm.parse().map_err(|error: UnknownAlgorithm| error.to_string())?;
        Ok(IssuerSettings {
            name: Arc::from(self.name.as_str()),
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            algorithm,
            key: self.key(algorithm)?,
            kind: match self.kind {
                Kind::Merchant => IssuerKind::Merchant,
                Kind::Customer => IssuerKind::Customer,
            },
            tenants,
            acl,
            leeway_seconds: self.leeway_seconds,
            longest_seconds: self.longest_seconds,
        })
    }

    fn key(&self, algorithm: Algorithm) -> Result<IssuerKey, String> {
        match (algorithm.has_secret(), &self.key, &self.public_key_file) {
            (true, Some(source), None) => {
                let secret = source.read().map_err(|error| format!("key: {error}"))?;
                Ok(IssuerKey::Secret(Zeroizing::new(secret.as_bytes().to_vec())))
            }
            (false, None, Some(path)) => {
                let text = read_public_key(path);
                text.map(IssuerKey::PublicPem).map_err(|error| format!("{}: {error}", path.display()))
            }
            (true, ..) => Err(format!("{} needs key and no public_key_file", algorithm.name())),
            (false, ..) => Err(format!("{} needs public_key_file and no key", algorithm.name())),
        }
    }
}

fn read_public_key(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(PUBLIC_KEY_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
