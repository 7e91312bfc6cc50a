//! `coffer serve`: a live node, as its configuration says.

use std::{path::Path, sync::Arc};

use coffer_core::KekSource;
use coffer_crypto::Environment;
use coffer_http::Settings;

use crate::{
    config::Config,
    custody::{Custody, Wanted},
    folder,
    keys::ceremony,
    logging,
    node::{self, NodeError, Plan},
    reload::{CertificateStamps, Watch},
};

/// Runs a node until it is told to stop.
pub(crate) fn run(path: &Path) -> Result<(), NodeError> {
    let text = Config::text(path)?;
    let config = Config::parse(path, &text)?;
    logging::start(config.log.as_str());
    let kept = config.kept()?;
    if let Some(data) = &config.data {
        folder::make(data)?;
    }
    config.check_ring()?;
    if let Some(folder) = config.admin_socket.as_deref().and_then(Path::parent) {
        folder::make(folder).map_err(|error| format!("admin_socket: {}: {error}", folder.display()))?;
    }
    let organizations = config.organizations()?;
    let watch = Watch::new(path, &text, &config, &organizations)?;
    let certificate = CertificateStamps::now(&config);
    let callers = config.callers(&organizations)?;
    let sad = config.sad(&organizations);
    let tls = config.tls()?.map(Arc::new);
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
        behind_proxy: config.behind_tls_proxy,
        sandbox: false,
    };
    let plan = Plan {
        environment: Environment::Live,
        custody: config.open_custody()?,
        policy: config.keys.policy(),
        kept,
        rings: vec![config.ring.clone()],
        sad,
        listen: config.listen,
        operator: config.admin_listen,
        socket: config.admin_socket.clone(),
        needs_socket: true,
        settings,
        callers,
        watch: Some(watch),
        certificate: tls.as_ref().map(|tls| certificate.watch(tls, config)),
        tls,
    };
    node::run(plan, |_| {})
}

/// What opens the KEK, for a command that opens a vault by itself: it is one of the roots that are wanted. Custodians
/// bring their shares to it.
pub(crate) fn kek_source(config: &Config, wanted: &Wanted<'_>) -> Result<Arc<dyn KekSource>, NodeError> {
    let custody = config.open_custody()?;
    custody.settle(&wanted.roots);
    let source: Arc<dyn KekSource> = match &custody {
        Custody::Shares(_) => Arc::new(ceremony::gather_wanted(Environment::Live, wanted)?),
        custody => custody.source(),
    };
    match custody {
        Custody::Device(_) => wanted.check_device(&*source)?,
        _ => wanted.check(&*source)?,
    }
    Ok(source)
}
