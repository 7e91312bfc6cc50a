//! `[[jwt_issuers]]`: whose JWTs are taken.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_http::{
    credentials::{Acl, Credentials, Grant},
    jwt::{Algorithm, IssuerKey, IssuerKind, IssuerSettings, Issuers, LIFETIME_SECONDS, UnknownAlgorithm},
};
use coffer_types::Tenant;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Config, ConfigError, access};
use crate::{
    modes::{self, ModeError},
    secret::SecretSource,
};

/// Bytes of a file with a public key. RSA of 8,192 bits has 1,500.
const PUBLIC_KEY_BYTES: u64 = 8_192;

/// Longest life that can be configured, in seconds: 31 days. A token cannot be taken back.
const LONGEST_SECONDS_MAX: u32 = 2_678_400;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerEntry {
    /// What logs and the audit log call it.
    pub(super) name: String,
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
    /// Whether pages in browsers have its tokens.
    #[serde(default)]
    browser: bool,
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
    pub(crate) fn issuers(
        &self,
        organizations: &HashMap<String, Tenant>,
        credentials: &Credentials,
    ) -> Result<Issuers, ConfigError> {
        let mut settings: Vec<IssuerSettings> = Vec::new();
        for entry in &self.jwt_issuers {
            let wrong = |reason| ConfigError::Issuer { name: entry.name.clone(), reason };
            if !access::is_name(&entry.name) || self.credentials.iter().any(|other| other.name == entry.name)
            {
                return Err(wrong(
                    "it needs a name that no credential has, not system, not unknown and not import-cards: the \
                    audit log shows it"
                        .to_owned(),
                ));
            }
            let new = entry.settings(organizations).map_err(wrong)?;
            own_key(&new, &settings, credentials).map_err(|reason| wrong(reason.to_owned()))?;
            settings.push(new);
        }
        Ok(Issuers::new(settings, organizations.clone())?)
    }
}

impl IssuerEntry {
    /// Takes relative paths from this folder.
    pub(super) fn below(&mut self, folder: &Path) {
        if let Some(key) = &mut self.key {
            key.below(folder);
        }
        if let Some(path) = &mut self.public_key_file {
            *path = folder.join(&*path);
        }
    }

    /// The file of its key.
    pub(super) fn file(&self) -> Option<&Path> {
        self.public_key_file.as_deref().or_else(|| self.key.as_ref().and_then(SecretSource::path))
    }

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
            browser: self.browser,
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
                text.map(IssuerKey::PublicPem).map_err(|error| error.to_string())
            }
            (true, ..) => Err(format!("{} needs key and no public_key_file", algorithm.name())),
            (false, ..) => Err(format!("{} needs public_key_file and no key", algorithm.name())),
        }
    }
}

/// Whether the key is nobody else's: who knows a shared secret can make tokens of every issuer that has it, and the
/// same key for both kinds leaves only `iss` between a customer's token and a merchant's.
fn own_key(
    new: &IssuerSettings,
    others: &[IssuerSettings],
    credentials: &Credentials,
) -> Result<(), &'static str> {
    match &new.key {
        IssuerKey::Secret(secret) => {
            let text = str::from_utf8(secret).unwrap_or_default();
            if credentials.find(text).is_some() {
                return Err("key: a credential has the same secret, and so everybody who shows it");
            }
            let same = |other: &IssuerSettings| matches!(&other.key, IssuerKey::Secret(key) if key == secret);
            if others.iter().any(same) {
                return Err("key: another issuer has the same secret, and could make this one's tokens");
            }
        }
        IssuerKey::PublicPem(pem) => {
            let same = |other: &IssuerSettings| {
                other.kind != new.kind
                    && matches!(&other.key, IssuerKey::PublicPem(key) if inner(key) == inner(pem))
            };
            if others.iter().any(same) {
                return Err("public_key_file: an issuer of the other kind has the same key");
            }
        }
    }
    Ok(())
}

/// The letters of a PEM's content.
fn inner(pem: &str) -> String {
    let lines = pem.lines().filter(|line| !line.contains("-----"));
    lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace()).collect()
}

/// A key that others may write is theirs.
fn read_public_key(path: &Path) -> Result<String, ModeError> {
    let content = modes::read_public(path, PUBLIC_KEY_BYTES)?;
    String::from_utf8(content).map_err(|_| {
        let source = std::io::Error::other("it is no text");
        ModeError::Read { path: path.to_owned(), source }
    })
}
