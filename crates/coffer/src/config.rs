//! The configuration of `coffer serve`: one TOML file, described in docs/OPERATING.md. It names where secrets are
//! and holds none.

mod access;
mod callers;
mod credentials;
pub(crate) mod custody;
mod faults;
mod issuers;
mod payroc;
mod policy;
mod sad;
mod store;
mod tls;
mod worldpay;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use coffer_http::{
    RiskSettings,
    edge::{Quota, TrustedProxies},
    jwt::IssuersError,
};
use coffer_types::{Tenant, limits};
use serde::Deserialize;

use self::{
    credentials::CredentialEntry,
    custody::{CustodyEntry, KeysEntry},
    issuers::IssuerEntry,
    payroc::Payroc,
    policy::{CardTesting, RateLimit, Risk, Tables},
    sad::Sad,
    tls::TlsEntry,
    worldpay::Worldpay,
};
use crate::{
    modes::{self, ModeError},
    secret::SecretSource,
};
pub(crate) use callers::{CallerNames, changes};

/// Bytes of the file that are read: ten thousand credentials.
const TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// Where the operator reaches health and metrics; a loopback address.
    pub(crate) admin_listen: SocketAddr,
    /// A proxy in front speaks TLS with the clients.
    #[serde(default)]
    pub(crate) behind_tls_proxy: bool,
    /// The second word that is needed to have `listen` on more than loopback without `[tls]`.
    plaintext: Option<Plaintext>,
    pub(crate) public_url: Option<String>,
    /// The folder of the store, where one node has it alone.
    pub(crate) data: Option<PathBuf>,
    /// The database of the store, where nodes share it.
    store: Option<String>,
    /// What it takes to get in there, beyond loopback.
    store_password: Option<SecretSource>,
    /// Certificates of the authorities that may vouch for it, as PEM; those of the system, if none is named.
    store_authorities: Option<PathBuf>,
    /// The file of the ring; outside the data folder and outside every backup.
    pub(crate) ring: PathBuf,
    /// This node's number, 0 to 1023; with a database it comes from there.
    node: Option<u16>,
    #[serde(default = "default_log")]
    pub(crate) log: LogLevel,
    /// The root key in a file or a variable; else `custody` says how it is kept.
    pub(crate) root_key: Option<SecretSource>,
    pub(crate) custody: Option<CustodyEntry>,
    /// When keys are replaced.
    #[serde(default)]
    pub(crate) keys: KeysEntry,
    /// Where the operator's orders are taken; none: nowhere.
    pub(crate) admin_socket: Option<PathBuf>,
    /// The certificate with which clients are served.
    tls: Option<TlsEntry>,
    #[serde(default)]
    tenants: Vec<TenantEntry>,
    #[serde(default)]
    credentials: Vec<CredentialEntry>,
    #[serde(default)]
    jwt_issuers: Vec<IssuerEntry>,
    /// Networks of proxies whose word on a caller's address is taken.
    #[serde(default)]
    trusted_proxies: Vec<String>,
    /// How many requests a caller may make. None: no limit.
    pub(crate) rate_limit: Option<RateLimit>,
    #[serde(default)]
    pub(crate) card_testing: CardTesting,
    #[serde(default)]
    pub(crate) tables: Tables,
    #[serde(default)]
    pub(crate) risk: Risk,
    /// Whether sensitive authentication data is stored.
    #[serde(default)]
    sad: Sad,
    /// How reusable tokens live.
    #[serde(default)]
    worldpay: Worldpay,
    /// Terminals, and who processes payments.
    #[serde(default)]
    payroc: Payroc,
}

/// That clients are served without TLS, said once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plaintext {
    Accepted,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

fn default_log() -> LogLevel {
    LogLevel::Info
}

impl LogLevel {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    /// 1 to 16,777,215; never given to another tenant, for keys and records are bound to it.
    number: u32,
    /// The Rebilly organization's id, or the name of a Worldpay or Payroc account.
    organization: String,
    /// Whether its cards may be tokenized by the Worldpay dialect.
    #[serde(default = "yes")]
    tokenization: bool,
    /// Whether a code outlives the exchange of its token, until the instrument first leaves in the clear.
    #[serde(default)]
    keep_code: bool,
}

fn yes() -> bool {
    true
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error(transparent)]
    Mode(#[from] ModeError),
    /// Without the line itself: a secret could stand in it by mistake.
    #[error("{}: line {line}: {message}", path.display())]
    Parse { path: PathBuf, line: usize, message: String },
    #[error(
        "listen {0} is not loopback and there is no [tls]: give the node a certificate; or put a proxy that speaks TLS \
        in front and say both behind_tls_proxy = true and plaintext = \"accepted\", for whoever is on the way between \
        them reads card numbers"
    )]
    PlainText(SocketAddr),
    #[error(
        "plaintext = \"accepted\" and [tls]: with a certificate nothing is served in the clear; say one of the two"
    )]
    PlainTextAndTls,
    #[error("admin_listen {0} is not loopback: health and metrics are for the operator alone")]
    AdminListen(SocketAddr),
    #[error("ring {} lies in the data folder: it must be outside it and outside every backup", .0.display())]
    RingInData(PathBuf),
    #[error("node {0}: a node's number is 0 to 1023")]
    Node(u16),
    #[error("public_url is http:// or https:// and a host, without a slash at the end")]
    PublicUrl,
    #[error("behind_tls_proxy needs public_url: links must lead to the proxy")]
    NoPublicUrl,
    #[error(
        "behind_tls_proxy needs trusted_proxies, the proxy's address: without it all callers are limited as one"
    )]
    NoTrustedProxies,
    #[error("tenant {number} (organization {organization}): {reason}")]
    Tenant { number: u32, organization: String, reason: &'static str },
    #[error(
        "tenant {number} (organization {organization}): it is used by credentials of {known} and of {dialect}; \
        give each a tenant of its own"
    )]
    Dialects { number: u32, organization: String, known: &'static str, dialect: &'static str },
    #[error("credential {name}: {reason}")]
    Credential { name: String, reason: String },
    #[error("jwt issuer {name}: {reason}")]
    Issuer { name: String, reason: String },
    #[error(transparent)]
    Issuers(#[from] IssuersError),
    #[error("{key}: {reason}")]
    Setting { key: &'static str, reason: String },
}

impl Config {
    /// Reads and checks a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(path, &Self::text(path)?)
    }

    /// A file's text. Who can write it decides who may call.
    pub(crate) fn text(path: &Path) -> Result<String, ConfigError> {
        let content = modes::read_public(path, TEXT_BYTES)?;
        let no_text = || std::io::Error::other("it is no text");
        let text = String::from_utf8(content)
            .map_err(|_| ModeError::Read { path: path.to_owned(), source: no_text() });
        Ok(text?)
    }

    /// Checks a file's text.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let message = faults::told(error.message(), text, at);
            ConfigError::Parse { path: path.to_owned(), line: faults::line_of(text, at), message }
        })?;
        config.check()?;
        Ok(config.below(path.parent().unwrap_or(Path::new(""))))
    }

    /// The same with every relative path taken from this folder: the file's own, wherever the process was started.
    fn below(mut self, folder: &Path) -> Self {
        let join = |path: &mut PathBuf| *path = folder.join(&*path);
        self.data.iter_mut().for_each(join);
        join(&mut self.ring);
        self.store_authorities.iter_mut().for_each(join);
        if let Some(password) = &mut self.store_password {
            password.below(folder);
        }
        if let Some(root_key) = &mut self.root_key {
            root_key.below(folder);
        }
        if let Some(custody) = &mut self.custody {
            custody.below(folder);
        }
        self.admin_socket.iter_mut().for_each(join);
        self.tls.iter_mut().for_each(|tls| tls.below(folder));
        self.credentials.iter_mut().for_each(|entry| entry.below(folder));
        self.jwt_issuers.iter_mut().for_each(|entry| entry.below(folder));
        self.payroc.below(folder);
        self.tables.paths_mut().into_iter().flatten().for_each(join);
        self
    }

    /// Asked when the data folder is there, so that links in either path are followed.
    pub(crate) fn check_ring(&self) -> Result<(), ConfigError> {
        if self.data.as_deref().is_some_and(|data| is_inside(&self.ring, data)) {
            return Err(ConfigError::RingInData(self.ring.clone()));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ConfigError> {
        let said_twice = self.behind_tls_proxy && self.plaintext.is_some();
        if !self.listen.ip().is_loopback() && self.tls.is_none() && !said_twice {
            return Err(ConfigError::PlainText(self.listen));
        }
        if self.plaintext.is_some() && self.tls.is_some() {
            return Err(ConfigError::PlainTextAndTls);
        }
        if !self.admin_listen.ip().is_loopback() {
            return Err(ConfigError::AdminListen(self.admin_listen));
        }
        if let Some(node) = self.node.filter(|node| *node > 1023) {
            return Err(ConfigError::Node(node));
        }
        if self.public_url.as_deref().is_some_and(|url| !is_origin(url)) {
            return Err(ConfigError::PublicUrl);
        }
        if self.behind_tls_proxy && self.public_url.is_none() {
            return Err(ConfigError::NoPublicUrl);
        }
        if self.behind_tls_proxy && self.trusted_proxies.is_empty() {
            return Err(ConfigError::NoTrustedProxies);
        }
        self.check_sad()?;
        self.trusted_proxies()?;
        self.check_custody()?;
        let wrong = |(key, reason)| ConfigError::Setting { key, reason };
        self.rate_limit.map_or(Ok(()), RateLimit::check).map_err(wrong)?;
        self.card_testing.check().map_err(wrong)?;
        self.tables.check().map_err(wrong)?;
        self.risk.check().map_err(wrong)
    }

    /// Networks of proxies whose word on a caller's address is taken. Empty: of none.
    pub(crate) fn trusted_proxies(&self) -> Result<TrustedProxies, ConfigError> {
        let wrong = |reason: String| ConfigError::Setting { key: "trusted_proxies", reason };
        access::networks(&self.trusted_proxies).map_err(wrong)?;
        TrustedProxies::parse(&self.trusted_proxies).map_err(|error| wrong(error.to_string()))
    }

    /// How many requests an organization may make.
    pub(crate) fn quota(&self) -> Option<Quota> {
        self.rate_limit.and_then(|limit| Quota::new(limit.requests, limit.seconds))
    }

    /// Values whose velocity is kept at a time.
    pub(crate) fn velocity_entries(&self) -> usize {
        self.risk.velocity_entries.unwrap_or(limits::VELOCITY_ENTRIES)
    }

    /// How risk is judged.
    pub(crate) fn risk_settings(&self) -> Result<RiskSettings, ConfigError> {
        self.risk.settings().map_err(|(key, reason)| ConfigError::Setting { key, reason })
    }

    /// Organizations and their tenants; a number or a name that stands twice is an error.
    pub(crate) fn organizations(&self) -> Result<HashMap<String, Tenant>, ConfigError> {
        let (mut organizations, mut numbers) = (HashMap::new(), HashSet::new());
        for entry in &self.tenants {
            let wrong = |reason| ConfigError::Tenant {
                number: entry.number,
                organization: entry.organization.clone(),
                reason,
            };
            let tenant = Tenant::new(entry.number).map_err(|_| wrong("a number is 1 to 16777215"))?;
            let name = &entry.organization;
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            if name.is_empty() || name.len() > limits::TENANT_NAME_CHARS || !letters {
                return Err(wrong("an organization has 1 to 50 letters, digits, '_', '-' or '.'"));
            }
            if !numbers.insert(tenant) {
                return Err(wrong("the number stands twice"));
            }
            if organizations.insert(name.clone(), tenant).is_some() {
                return Err(wrong("the organization stands twice"));
            }
        }
        Ok(organizations)
    }
}

/// Scheme and host, and nothing behind them.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ']))
}

/// Whether a file, which need not be there yet, lies below a folder.
fn is_inside(file: &Path, folder: &Path) -> bool {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_default();
    real(parent).starts_with(real(folder))
}
