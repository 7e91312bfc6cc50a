//! `coffer serve`: a live node, as its configuration says.

use std::{path::Path, sync::Arc};

use coffer_crypto::{Environment, RootKey};
use coffer_http::Settings;

use crate::{
    config::Config,
    folder, logging,
    node::{self, NodeError, Plan},
};

/// Runs a node until it is told to stop.
pub(crate) fn run(path: &Path) -> Result<(), NodeError> {
    let config = Config::read(path)?;
    logging::start(config.log.as_str());
    let kept = config.kept()?;
    if let Some(data) = &config.data {
        folder::make(data).map_err(|error| format!("{}: {error}", data.display()))?;
    }
    config.check_ring()?;
    let organizations = config.organizations()?;
    let credentials = config.credentials(&organizations)?;
    let issuers = config.issuers(&organizations, &credentials)?;
    let settings = Settings {
        trusted_proxies: config.trusted_proxies()?,
        quota: config.quota(),
        enforce_quota: true,
        card_testing: config.card_testing.limits(),
        tables: Arc::new(config.tables.open()?),
        risk: config.risk_settings()?,
        velocity_entries: config.velocity_entries(),
        public_url: config.public_url.clone(),
        worldpay: config.worldpay(&organizations),
        payroc: config.payroc(&organizations)?,
        organizations,
        credentials,
        issuers,
        behind_proxy: config.behind_tls_proxy,
        sandbox: false,
    };
    let plan = Plan {
        environment: Environment::Live,
        root: Some(root_key(&config)?),
        kept,
        rings: vec![config.ring],
        listen: config.listen,
        operator: config.admin_listen,
        socket: None,
        settings,
    };
    node::run(plan, |_| {})
}

/// The root key; its text is wiped when this returns.
pub(crate) fn root_key(config: &Config) -> Result<RootKey, NodeError> {
    let text = match &config.data {
        Some(data) => config.root_key.read_outside(data),
        None => config.root_key.read(),
    };
    let text = text.map_err(|error| format!("root_key: {error}"))?;
    Ok(RootKey::parse_hex(&text)?)
}
