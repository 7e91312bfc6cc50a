//! The configuration of `coffer serve`: one TOML file, described in docs/OPERATING.md. It names where secrets are
//! and holds none.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_crypto::{CredentialHasher, OsEntropy};
use coffer_http::credentials::{Credential, CredentialKind, Credentials};
use coffer_types::{Tenant, limits};
use serde::Deserialize;

use crate::secret::{SecretError, SecretSource};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// Where the operator reaches health and metrics; a loopback address.
    pub(crate) admin_listen: SocketAddr,
    /// A proxy in front speaks TLS with the clients: only then `listen` may be more than loopback.
    #[serde(default)]
    pub(crate) behind_tls_proxy: bool,
    pub(crate) public_url: Option<String>,
    /// The folder of the store.
    pub(crate) data: PathBuf,
    /// The file of the ring; outside the data folder and outside every backup.
    pub(crate) ring: PathBuf,
    /// This node's number, 0 to 1023.
    #[serde(default)]
    pub(crate) node: u16,
    #[serde(default = "default_log")]
    pub(crate) log: LogLevel,
    pub(crate) root_key: SecretSource,
    #[serde(default)]
    tenants: Vec<TenantEntry>,
    #[serde(default)]
    credentials: Vec<CredentialEntry>,
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
    /// The Rebilly organization's id.
    organization: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    /// What logs and the audit log call it.
    name: String,
    kind: Kind,
    /// Organizations, the default one first.
    organizations: Vec<String>,
    secret: SecretSource,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    RebillySecret,
    RebillyPublishable,
    NativeRedeem,
    NativeAdmin,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// Without the line itself: a secret could stand in it by mistake.
    #[error("{}: line {line}: {message}", path.display())]
    Parse { path: PathBuf, line: usize, message: String },
    #[error(
        "listen {0} is not loopback: put a proxy that speaks TLS in front and say behind_tls_proxy = true"
    )]
    PlainText(SocketAddr),
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
    #[error("tenant {number} (organization {organization}): {reason}")]
    Tenant { number: u32, organization: String, reason: &'static str },
    #[error("credential {name}: {reason}")]
    Credential { name: String, reason: String },
}

impl Config {
    /// Reads and checks a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text).map_err(|error| {
            let line = line_of(&text, error.span().map_or(0, |span| span.start));
            ConfigError::Parse { path: path.to_owned(), line, message: without_values(error.message()) }
        })?;
        config.check()?;
        Ok(config)
    }

    /// Asked when the data folder is there, so that links in either path are followed.
    pub(crate) fn check_ring(&self) -> Result<(), ConfigError> {
        if is_inside(&self.ring, &self.data) {
            return Err(ConfigError::RingInData(self.ring.clone()));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() && !self.behind_tls_proxy {
            return Err(ConfigError::PlainText(self.listen));
        }
        if !self.admin_listen.ip().is_loopback() {
            return Err(ConfigError::AdminListen(self.admin_listen));
        }
        if self.node > 1023 {
            return Err(ConfigError::Node(self.node));
        }
        if self.public_url.as_deref().is_some_and(|url| !is_origin(url)) {
            return Err(ConfigError::PublicUrl);
        }
        if self.behind_tls_proxy && self.public_url.is_none() {
            return Err(ConfigError::NoPublicUrl);
        }
        Ok(())
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

    /// The credentials, with their secrets read.
    pub(crate) fn credentials(
        &self,
        organizations: &HashMap<String, Tenant>,
    ) -> Result<Credentials, ConfigError> {
        let wrong = |entry: &CredentialEntry, reason: String| ConfigError::Credential {
            name: entry.name.clone(),
            reason,
        };
        let hasher = CredentialHasher::new(&OsEntropy).map_err(|error| ConfigError::Credential {
            name: "(all)".to_owned(),
            reason: error.to_string(),
        })?;
        let mut credentials = Credentials::new(hasher);
        let mut names = HashSet::new();
        for entry in &self.credentials {
            if !names.insert(&entry.name) {
                return Err(wrong(entry, "another credential has the same name".to_owned()));
            }
            let secret = entry.secret.read().map_err(|error: SecretError| wrong(entry, error.to_string()))?;
            if secret.len() < 12 {
                return Err(wrong(entry, "a secret has at least 12 characters (PCI DSS 8.3.6)".to_owned()));
            }
            let tenants = tenants(entry, organizations).map_err(|reason| wrong(entry, reason))?;
            let credential =
                Credential { name: Arc::from(entry.name.as_str()), kind: entry.kind.into(), tenants };
            if !credentials.add(&secret, credential) {
                return Err(wrong(entry, "another credential has the same secret".to_owned()));
            }
        }
        Ok(credentials)
    }
}

fn tenants(entry: &CredentialEntry, organizations: &HashMap<String, Tenant>) -> Result<Vec<Tenant>, String> {
    if entry.organizations.is_empty() {
        return Err("it is for no organization".to_owned());
    }
    let find =
        |name: &String| organizations.get(name).copied().ok_or(format!("there is no organization {name}"));
    entry.organizations.iter().map(find).collect()
}

impl From<Kind> for CredentialKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::RebillySecret => Self::RebillySecret,
            Kind::RebillyPublishable => Self::RebillyPublishable,
            Kind::NativeRedeem => Self::NativeRedeem,
            Kind::NativeAdmin => Self::NativeAdmin,
        }
    }
}

/// The line of a byte of the text, counted from one.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Scheme and host, and nothing behind them.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ']))
}

/// A message of the reader without what was written in the file: a secret could stand there by mistake.
fn without_values(message: &str) -> String {
    match message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
        Some((_, rest)) => format!("unknown value{rest}"),
        None => message.to_owned(),
    }
}

/// Whether a file, which need not be there yet, lies below a folder.
fn is_inside(file: &Path, folder: &Path) -> bool {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_default();
    real(parent).starts_with(real(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str) -> Result<(), String> {
        let base = "listen = \"127.0.0.1:8080\"\nadmin_listen = \"127.0.0.1:9090\"\ndata = \"data\"\nring = \"ring\"\n";
        let text = format!("{change}\n{base}[root_key]\nfile = \"key\"\n");
        let text = if change.starts_with("[[") {
            format!("{base}{change}\n[root_key]\nfile = \"key\"\n")
        } else {
            text
        };
        let config: Config = toml::from_str(&text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        config.organizations().map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn takes_what_is_right_and_names_what_is_wrong() {
        assert_eq!(config(""), Ok(()));
        assert_eq!(config("[[tenants]]\nnumber = 7\norganization = \"org_7\""), Ok(()));
        for (change, part) in [
            ("surprise = 1", "unknown field"),
            ("node = 1024", "0 to 1023"),
            ("public_url = \"https://vault.example/\"", "without a slash"),
            ("[[tenants]]\nnumber = 0\norganization = \"a\"", "1 to 16777215"),
            ("[[tenants]]\nnumber = 1\norganization = \"a b\"", "letters, digits"),
            (
                "[[tenants]]\nnumber = 1\norganization = \"a\"\n[[tenants]]\nnumber = 1\norganization = \"b\"",
                "number stands twice",
            ),
        ] {
            let error = config(change).unwrap_err();
            assert!(error.contains(part), "{change}: {error}");
        }
    }

    #[test]
    fn plain_text_stays_on_loopback() {
        let text = |listen: &str, more: &str| {
            format!(
                "{more}\nlisten = \"{listen}\"\nadmin_listen = \"127.0.0.1:1\"\ndata = \"d\"\nring = \"r\"\n\
                 [root_key]\nenv = \"K\"\n"
            )
        };
        let check = |text: String| toml::from_str::<Config>(&text).unwrap().check();
        assert!(matches!(check(text("0.0.0.0:80", "")), Err(ConfigError::PlainText(_))));
        let proxy = "behind_tls_proxy = true";
        assert!(matches!(check(text("0.0.0.0:80", proxy)), Err(ConfigError::NoPublicUrl)));
        let proxy = "behind_tls_proxy = true\npublic_url = \"https://vault.example\"";
        assert!(check(text("0.0.0.0:80", proxy)).is_ok());
        assert!(check(text("[::1]:80", "")).is_ok());
    }

    #[test]
    fn the_ring_lies_outside_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        assert!(is_inside(&data.join("ring"), &data));
        assert!(is_inside(&data.join("..").join("data").join("ring"), &data));
        assert!(!is_inside(&folder.path().join("ring"), &data));
    }
}
