//! `[[credentials]]`: the keys that callers show.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use coffer_crypto::{CredentialHasher, OsEntropy};
use coffer_http::{
    credentials::{Acl, Credential, CredentialKind, Credentials, Grant},
    jwt::looks_like_jwt,
};
use coffer_types::Tenant;
use serde::Deserialize;

use super::{Config, ConfigError, access};
use crate::secret::SecretSource;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialEntry {
    /// What logs and the audit log call it.
    pub(super) name: String,
    kind: Kind,
    /// Organizations, the default one first.
    organizations: Vec<String>,
    secret: SecretSource,
    /// What it may do; everything that its kind may, if there is no list.
    acl: Option<Vec<GrantEntry>>,
    /// From where it is taken; from everywhere, if there is no list.
    allowed_ips: Option<Vec<String>>,
    /// On which pages it may be used; on none, if there is no list.
    origins: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    RebillySecret,
    RebillyPublishable,
    NativeRedeem,
    NativeAdmin,
}

/// One line of an access control list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantEntry {
    organizations: Vec<String>,
    permissions: Vec<String>,
}

impl Config {
    /// The credentials, with their secrets read.
    pub(crate) fn credentials(
        &self,
        organizations: &HashMap<String, Tenant>,
    ) -> Result<Credentials, ConfigError> {
        let hasher = CredentialHasher::new(&OsEntropy).map_err(|error| ConfigError::Credential {
            name: "(all)".to_owned(),
            reason: error.to_string(),
        })?;
        let mut credentials = Credentials::new(hasher);
        let mut names = HashSet::new();
        for entry in &self.credentials {
            let wrong = |reason| ConfigError::Credential { name: entry.name.clone(), reason };
            if !access::is_name(&entry.name) {
                return Err(wrong(
                    "it needs a name, not system and not unknown: the audit log shows it".to_owned(),
                ));
            }
            if !names.insert(&entry.name) {
                return Err(wrong("another credential has the same name".to_owned()));
            }
            let secret = entry.secret.read().map_err(|error| wrong(error.to_string()))?;
            entry.check_secret(&secret).map_err(|reason| wrong(reason.to_owned()))?;
            if !credentials.add(&secret, entry.credential(organizations).map_err(wrong)?) {
                return Err(wrong("another credential has the same secret".to_owned()));
            }
        }
        Ok(credentials)
    }
}

impl CredentialEntry {
    /// Takes relative paths from this folder.
    pub(super) fn below(&mut self, folder: &Path) {
        self.secret.below(folder);
    }

    fn check_secret(&self, secret: &str) -> Result<(), &'static str> {
        if secret.len() < 12 {
            return Err("a secret has at least 12 characters (PCI DSS 8.3.6)");
        }
        if matches!(self.kind, Kind::RebillyPublishable) && looks_like_jwt(secret) {
            return Err(
                "the secret has the form of a JWT, three parts between dots, and would be taken for one",
            );
        }
        Ok(())
    }

    fn credential(&self, organizations: &HashMap<String, Tenant>) -> Result<Credential, String> {
        let tenants = access::tenants(&self.organizations, organizations)?;
        let rebilly = matches!(self.kind, Kind::RebillySecret | Kind::RebillyPublishable);
        if !rebilly && (self.acl.is_some() || self.allowed_ips.is_some()) {
            return Err("acl and allowed_ips are for rebilly-secret and rebilly-publishable".to_owned());
        }
        let origins = match (self.kind, &self.origins) {
            (_, None) => access::origins(&[])?,
            (Kind::RebillyPublishable, Some(list)) => {
                access::origins(list).map_err(|reason| format!("origins: {reason}"))?
            }
            (_, Some(_)) => {
                return Err("origins are for rebilly-publishable: no other key is for browsers".to_owned());
            }
        };
        Ok(Credential {
            name: Arc::from(self.name.as_str()),
            kind: self.kind.into(),
            acl: self.acl(&tenants, organizations).map_err(|reason| format!("acl: {reason}"))?,
            tenants,
            allowed_ips: self.allowed_ips().map_err(|reason| format!("allowed_ips: {reason}"))?,
            origins,
        })
    }

    fn acl(&self, own: &[Tenant], organizations: &HashMap<String, Tenant>) -> Result<Acl, String> {
        let Some(entries) = &self.acl else { return Ok(Acl::Full) };
        if entries.is_empty() {
            return Err("an empty list allows nothing: leave it out to allow everything".to_owned());
        }
        let grant = |entry: &GrantEntry| {
            let tenants = access::tenants(&entry.organizations, organizations)?;
            if tenants.iter().any(|tenant| !own.contains(tenant)) {
                return Err("it names an organization that the credential is not for".to_owned());
            }
            Ok(Grant { tenants, permissions: access::permissions(&entry.permissions)? })
        };
        entries.iter().map(grant).collect::<Result<_, String>>().map(Acl::Grants)
    }

    fn allowed_ips(&self) -> Result<Option<Vec<ipnet::IpNet>>, String> {
        match &self.allowed_ips {
            None => Ok(None),
            Some(list) if list.is_empty() => {
                Err("an empty list admits nobody: leave it out to admit everybody".to_owned())
            }
            Some(list) => access::networks(list).map(Some),
        }
    }
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
