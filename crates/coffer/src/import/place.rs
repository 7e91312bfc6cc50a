//! Where cards are imported into: what of a configuration, or of a sandbox, that takes.

use std::{collections::HashMap, path::Path, sync::Arc};

use coffer_core::KekSource;
use coffer_crypto::Environment;
use coffer_http::{Terminal, WorldpaySettings, import::Target};
use coffer_tables::Tables;
use coffer_types::{Tenant, limits};

use super::{Dialect, Options};
use crate::{config::Config, kept::Kept, node::NodeError, place, sandbox};

/// The company whose dialect an organization is for, where that is said.
pub(crate) type DialectOf = Box<dyn Fn(&str) -> Option<&'static str>>;

/// A vault that is not open yet.
pub(crate) struct Place {
    pub(crate) environment: Environment,
    pub(crate) root: Arc<dyn KekSource>,
    pub(crate) kept: Kept,
    pub(crate) organizations: HashMap<String, Tenant>,
    /// The company whose dialect an organization is for, where that is said.
    pub(crate) dialect_of: DialectOf,
    pub(crate) worldpay: WorldpaySettings,
    pub(crate) terminals: HashMap<String, Terminal>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) public_url: String,
    pub(crate) beat_millis: u64,
}

impl Place {
    /// The place that the options name.
    pub(super) fn of(options: &Options) -> Result<Self, NodeError> {
        match (&options.config, &options.data) {
            (Some(config), _) => Self::live(config),
            (None, Some(data)) => sandbox::importing(data, options.store.as_deref()),
            (None, None) => Err("name a configuration with --config, or a sandbox with --data".into()),
        }
    }

    /// No secret of a credential is read: whoever imports needs none of them.
    fn live(path: &Path) -> Result<Self, NodeError> {
        let config = Config::read(path)?;
        let kept = config.kept()?;
        if let Kept::Folder { data, .. } = &kept
            && !data.join("coffer.db").exists()
        {
            let data = data.display();
            return Err(format!("there is no vault in {data} yet: start the node once first").into());
        }
        let organizations = config.organizations()?;
        Ok(Self {
            environment: Environment::Live,
            root: place::find(crate::Place { config: Some(path.to_owned()), data: None, store: None })?
                .kek_source()?,
            kept,
            worldpay: config.worldpay(&organizations),
            terminals: config.terminals(&organizations)?,
            tables: Arc::new(config.tables.open()?),
            public_url: config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen)),
            organizations,
            dialect_of: Box::new(move |name| config.dialect_of(name)),
            beat_millis: limits::BEAT_MILLIS,
        })
    }

    /// Whose cards they are.
    pub(super) fn tenant(&self, organization: &str) -> Result<Tenant, NodeError> {
        let tenant = self.organizations.get(organization).copied();
        Ok(tenant.ok_or_else(|| format!("there is no organization {organization}"))?)
    }

    /// What the cards become.
    pub(super) fn target(&self, options: &Options) -> Result<Target, NodeError> {
        let (tenant, organization) = (self.tenant(&options.organization)?, &options.organization);
        let company = options.into.company();
        if let Some(other) = (self.dialect_of)(organization).filter(|other| *other != company) {
            return Err(format!("organization {organization} is for {other}, not for {company}").into());
        }
        if options.namespace.is_some() && options.into != Dialect::Worldpay {
            return Err("--namespace is for --into worldpay".into());
        }
        if options.terminal.is_some() && options.into != Dialect::Payroc {
            return Err("--terminal is for --into payroc".into());
        }
        match options.into {
            Dialect::Worldpay if self.worldpay.disabled.contains(&tenant) => {
                Err(format!("organization {organization} may not tokenize: tokenization = false").into())
            }
            Dialect::Worldpay => Ok(Target::Worldpay { lifetime: self.worldpay.lifetime }),
            Dialect::Rebilly => Ok(Target::Rebilly),
            Dialect::Payroc => {
                let id = options.terminal.clone().ok_or("--into payroc needs --terminal")?;
                let terminal = self.terminals.get(&id).filter(|terminal| terminal.tenant == tenant);
                let none = || format!("organization {organization} has no terminal {id}");
                let terminal = terminal.cloned().ok_or_else(none)?;
                Ok(Target::Payroc { id, terminal })
            }
        }
    }
}
