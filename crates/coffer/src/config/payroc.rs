//! `[payroc]`: terminals of merchant accounts, and who processes payments.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use coffer_http::{
    Accepts, Forwarding, PayrocSettings, Processor, Terminal, Upstream, UpstreamError, UpstreamSettings,
};
use coffer_types::{Tenant, limits};
use serde::Deserialize;

use super::{Config, ConfigError, access};
use crate::secret::SecretSource;

/// Characters of a terminal's id (Payroc reference 2).
const TERMINAL_CHARS: std::ops::RangeInclusive<usize> = 4..=50;
/// Names of custom fields of one terminal.
const CUSTOM_FIELDS: usize = 100;

/// What an operator decides about the Payroc dialect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Payroc {
    terminals: Vec<TerminalEntry>,
    upstream: Option<UpstreamEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TerminalEntry {
    id: String,
    organization: String,
    /// What it takes; everything, if there is no list.
    accepts: Option<Vec<Method>>,
    #[serde(default)]
    expired_cards: bool,
    /// The names of custom fields that it keeps; all, if there is no list.
    custom_fields: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Card,
    Ach,
    Pad,
}

/// Where payments are sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpstreamEntry {
    /// `https://HOST[:PORT][/BASE/PATH]`.
    url: String,
    /// Its identity service, if bearer tokens are asked for there with the key.
    identity_url: Option<String>,
    /// An API key where there is an identity service, else a bearer token.
    key: SecretSource,
    /// Certificates of the authorities that may vouch for it, as PEM; those of the system, if none is named.
    authorities: Option<PathBuf>,
    /// Private networks that it may be in.
    #[serde(default)]
    private_networks: Vec<String>,
    seconds: Option<u64>,
}

impl Payroc {
    /// Takes relative paths from this folder.
    pub(super) fn below(&mut self, folder: &Path) {
        if let Some(upstream) = &mut self.upstream {
            upstream.key.below(folder);
            if let Some(path) = &mut upstream.authorities {
                *path = folder.join(&*path);
            }
        }
    }
}

impl Config {
    /// How the Payroc dialect answers.
    pub(crate) fn payroc(
        &self,
        organizations: &HashMap<String, Tenant>,
    ) -> Result<PayrocSettings, ConfigError> {
        let terminals = self.terminals(organizations)?;
        let processor = match &self.payroc.upstream {
            Some(entry) => Processor::Upstream(entry.forwarding()?.into()),
            None => Processor::None,
        };
        Ok(PayrocSettings { terminals, processor })
    }

    /// The terminals by their ids. No secret is read.
    pub(crate) fn terminals(
        &self,
        organizations: &HashMap<String, Tenant>,
    ) -> Result<HashMap<String, Terminal>, ConfigError> {
        let mut terminals = HashMap::new();
        for entry in &self.payroc.terminals {
            let terminal =
                entry.terminal(organizations).map_err(|reason| wrong("payroc.terminals", reason))?;
            if terminals.insert(entry.id.clone(), terminal).is_some() {
                return Err(wrong("payroc.terminals", format!("{} stands twice", entry.id)));
            }
        }
        Ok(terminals)
    }
}

impl TerminalEntry {
    fn terminal(&self, organizations: &HashMap<String, Tenant>) -> Result<Terminal, String> {
        let id = &self.id;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if !TERMINAL_CHARS.contains(&id.len()) || !id.chars().all(is_plain) {
            return Err(format!("{id}: an id is 4 to 50 letters, digits and - _ ."));
        }
        let tenant = organizations.get(&self.organization).copied();
        let tenant = tenant.ok_or_else(|| format!("{id}: there is no organization {}", self.organization))?;
        let mut terminal = Terminal::of(tenant);
        if let Some(accepts) = &self.accepts {
            if accepts.is_empty() {
                return Err(format!(
                    "{id}: an empty list accepts nothing: leave it out to accept everything"
                ));
            }
            let takes = |method| accepts.contains(&method);
            terminal.accepts =
                Accepts { cards: takes(Method::Card), ach: takes(Method::Ach), pad: takes(Method::Pad) };
        }
        if self.custom_fields.as_ref().is_some_and(|names| names.len() > CUSTOM_FIELDS) {
            return Err(format!("{id}: at most {CUSTOM_FIELDS} custom fields"));
        }
        if let Some(names) = &self.custom_fields {
            let distinct: HashSet<&String> = names.iter().collect();
            if distinct.len() != names.len() {
                return Err(format!("{id}: a custom field stands twice"));
            }
        }
        terminal.expired_cards = self.expired_cards;
        terminal.custom_fields.clone_from(&self.custom_fields);
        Ok(terminal)
    }
}

impl UpstreamEntry {
    fn forwarding(&self) -> Result<Forwarding, ConfigError> {
        let authorities = match &self.authorities {
            Some(path) => Some(std::fs::read(path).map_err(|error| {
                wrong("payroc.upstream.authorities", format!("{}: {error}", path.display()))
            })?),
            None => None,
        };
        let private_networks = access::networks(&self.private_networks)
            .map_err(|reason| wrong("payroc.upstream.private_networks", reason))?;
        let open = |key: &'static str, url: &str| {
            let settings = UpstreamSettings {
                url: url.to_owned(),
                authorities: authorities.clone(),
                private_networks: private_networks.clone(),
                seconds: self.seconds.unwrap_or(limits::UPSTREAM_SECONDS),
            };
            Upstream::new(&settings).map_err(|error| match error {
                UpstreamError::Seconds => wrong("payroc.upstream.seconds", error.to_string()),
                error => wrong(key, error.to_string()),
            })
        };
        let identity = self.identity_url.as_ref().map(|url| open("payroc.upstream.identity_url", url));
        let key = self.key.read().map_err(|error| wrong("payroc.upstream.key", error.to_string()))?;
        Ok(Forwarding::new(open("payroc.upstream.url", &self.url)?, identity.transpose()?, key))
    }
}

fn wrong(key: &'static str, reason: String) -> ConfigError {
    ConfigError::Setting { key, reason }
}
