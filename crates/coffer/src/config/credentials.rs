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
use zeroize::Zeroizing;

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
    /// A second secret that is taken as well, while callers change from one to the other (PCI DSS 8.6.3).
    next_secret: Option<SecretSource>,
    /// What it may do; everything that its kind may, if there is no list.
    acl: Option<Vec<GrantEntry>>,
    /// From where it is taken; from everywhere, if there is no list.
    allowed_ips: Option<Vec<String>>,
    /// On which pages it may be used; on none, if there is no list.
    origins: Option<Vec<String>>,
    /// The name of a Worldpay user; its secret is the password.
    user: Option<String>,
    /// The entities that a Worldpay user may name.
    entities: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    RebillySecret,
    RebillyPublishable,
    WorldpayUser,
    WorldpayReveal,
    WorldpayCheckout,
    PayrocKey,
    NativeRedeem,
    NativeAdmin,
}

/// Bytes of a user's name.
const USER_BYTES: usize = 255;

impl Kind {
    fn is_rebilly(self) -> bool {
        matches!(self, Self::RebillySecret | Self::RebillyPublishable)
    }

    /// The company whose dialect it is for; none of the native ones, which open what every dialect keeps.
    fn dialect(self) -> Option<&'static str> {
        match self {
            Self::RebillySecret | Self::RebillyPublishable => Some("Rebilly"),
            Self::WorldpayUser | Self::WorldpayReveal | Self::WorldpayCheckout => Some("Worldpay"),
            Self::PayrocKey => Some("Payroc"),
            Self::NativeRedeem | Self::NativeAdmin => None,
        }
    }
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
        self.check_dialects(organizations)?;
        let mut names = HashSet::new();
        for entry in &self.credentials {
            let wrong = |reason| ConfigError::Credential { name: entry.name.clone(), reason };
            if !access::is_name(&entry.name) {
                return Err(wrong(
                    "it needs a name, not system, not unknown and not import-cards: the audit log shows it"
                        .to_owned(),
                ));
            }
            if !names.insert(&entry.name) {
                return Err(wrong("another credential has the same name".to_owned()));
            }
            let credential = entry.credential(organizations).map_err(wrong)?;
            for (key, source) in entry.secrets() {
                let wrong =
                    |reason: String| wrong(if key == "secret" { reason } else { format!("{key}: {reason}") });
                let secret = source.read().map_err(|error| wrong(error.to_string()))?;
                entry.check_secret(&secret).map_err(|reason| wrong(reason.to_owned()))?;
                let shown = entry.shown(&secret).map_err(wrong)?;
                if !credentials.add(&shown, credential.clone()) {
                    return Err(wrong("another credential has the same secret".to_owned()));
                }
            }
        }
        Ok(credentials)
    }
}

impl Config {
    /// The company whose dialect an organization is for, where a credential or an issuer says so. No secret is read.
    pub(crate) fn dialect_of(&self, organization: &str) -> Option<&'static str> {
        let names = |list: &[String]| list.iter().any(|name| name == organization);
        let mut own = self.credentials.iter().filter(|entry| names(&entry.organizations));
        let issuer = || self.jwt_issuers.iter().find(|entry| names(&entry.organizations)).map(|_| "Rebilly");
        own.find_map(|entry| entry.kind.dialect()).or_else(issuer)
    }

    /// An organization is one company's: what each dialect leaves in the tables is nothing that another could show.
    fn check_dialects(&self, organizations: &HashMap<String, Tenant>) -> Result<(), ConfigError> {
        let mut dialects: HashMap<&String, &'static str> = HashMap::new();
        let of_credentials =
            self.credentials.iter().filter_map(|entry| Some((entry.kind.dialect()?, &entry.organizations)));
        let of_issuers = self.jwt_issuers.iter().map(|issuer| ("Rebilly", &issuer.organizations));
        for (dialect, names) in of_credentials.chain(of_issuers) {
            for name in names {
                let known = *dialects.entry(name).or_insert(dialect);
                if known != dialect
                    && let Some(tenant) = organizations.get(name)
                {
                    let number = tenant.get();
                    return Err(ConfigError::Dialects { number, organization: name.clone(), known, dialect });
                }
            }
        }
        Ok(())
    }
}

impl CredentialEntry {
    /// Takes relative paths from this folder.
    pub(super) fn below(&mut self, folder: &Path) {
        self.secret.below(folder);
        if let Some(next) = &mut self.next_secret {
            next.below(folder);
        }
    }

    /// What callers may show, by the names of the lines.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretSource)> {
        [("secret", Some(&self.secret)), ("next_secret", self.next_secret.as_ref())]
            .into_iter()
            .filter_map(|(key, source)| Some((key, source?)))
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
        let rebilly = self.kind.is_rebilly();
        if !rebilly && self.acl.is_some() {
            return Err("acl is for rebilly-secret and rebilly-publishable".to_owned());
        }
        if self.kind.dialect().is_none() && self.allowed_ips.is_some() {
            return Err("allowed_ips are for the kinds of Rebilly, Worldpay and Payroc".to_owned());
        }
        if !rebilly && self.kind.dialect().is_some() && tenants.len() != 1 {
            return Err("a credential of Worldpay or Payroc is for one account".to_owned());
        }
        let origins = match (self.kind, &self.origins) {
            (_, None) => access::origins(&[])?,
            (Kind::RebillyPublishable | Kind::WorldpayCheckout, Some(list)) => {
                access::origins(list).map_err(|reason| format!("origins: {reason}"))?
            }
            (_, Some(_)) => {
                let browsers =
                    "origins are for rebilly-publishable and worldpay-checkout: no other key is for browsers";
                return Err(browsers.to_owned());
            }
        };
        Ok(Credential {
            name: Arc::from(self.name.as_str()),
            kind: self.kind.into(),
            acl: self.acl(&tenants, organizations).map_err(|reason| format!("acl: {reason}"))?,
            tenants,
            allowed_ips: self.allowed_ips().map_err(|reason| format!("allowed_ips: {reason}"))?,
            origins,
            entities: self.entities()?,
            digest: None,
        })
    }

    /// What a caller shows: of a Worldpay user the name and the password (RFC 7617), of everybody else the secret.
    fn shown(&self, secret: &str) -> Result<Zeroizing<String>, String> {
        match (self.kind, &self.user) {
            (Kind::WorldpayUser | Kind::WorldpayReveal, Some(user)) => {
                if user.is_empty() || user.len() > USER_BYTES || user.contains(':') {
                    return Err(format!("user has 1 to {USER_BYTES} bytes and no colon (RFC 7617)"));
                }
                Ok(Zeroizing::new(format!("{user}:{secret}")))
            }
            (Kind::WorldpayUser | Kind::WorldpayReveal, None) => {
                Err("a Worldpay user has a name: user".to_owned())
            }
            (_, Some(_)) => Err("user is for worldpay-user and worldpay-reveal".to_owned()),
            (_, None) => Ok(Zeroizing::new(secret.to_owned())),
        }
    }

    fn entities(&self) -> Result<Vec<String>, String> {
        match (self.kind, &self.entities) {
            (Kind::WorldpayUser, Some(entities)) if !entities.is_empty() => Ok(entities.clone()),
            (Kind::WorldpayUser, _) => Err("a worldpay-user has entities, at least one".to_owned()),
            (_, Some(_)) => Err("entities are for worldpay-user".to_owned()),
            (_, None) => Ok(Vec::new()),
        }
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
            Kind::WorldpayUser => Self::WorldpayUser,
            Kind::WorldpayReveal => Self::WorldpayReveal,
            Kind::WorldpayCheckout => Self::WorldpayCheckout,
            Kind::PayrocKey => Self::PayrocKey,
            Kind::NativeRedeem => Self::NativeRedeem,
            Kind::NativeAdmin => Self::NativeAdmin,
        }
    }
}
